// Makes answers.jsonl: what Node's RegExp says about expressions and texts.
//
//   node gen.js 3000 1 > answers.jsonl
//
// The first argument is how many expressions are made up, the second the seed.
// A line is {"p": expression, "e": true} if new RegExp throws, otherwise
// {"p": expression, "m": [texts that match], "n": [texts that don't]}.
'use strict'

const [count, seed] = process.argv.slice(2).map(Number)

let state = seed
function random (n) { // mulberry32
  state = (state + 0x6D2B79F5) | 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) % n
}
const pick = list => list[random(list.length)]

const chars = ['a', 'b', 'c', '/', '-', '_', '.', '0', '1', '8', ' ', ':', ',', '}', ']', '{', '=', '!', '<', 'k', 'é', '\n', '\r', '\u2028', '\u00a0', '\ufeff', '\u180e', '😀', '\u017f', 'K']
const escapes = ['\\d', '\\D', '\\s', '\\S', '\\w', '\\W', '\\b', '\\B', '\\/', '\\-', '\\.', '\\n', '\\r', '\\t', '\\v', '\\f', '\\0', '\\00', '\\01', '\\1', '\\2', '\\3', '\\8', '\\9',
  '\\12', '\\141', '\\377', '\\400', '\\777', '\\18', '\\ca', '\\c', '\\c1', '\\cJ', '\\x61', '\\x6', '\\xg', '\\u0061', '\\u006', '\\u{61}', '\\uD83D', '\\uDE00', '\\uD83D\\uDE00', '\\k', '\\k<n>', '\\k<m>',
  '\\p{L}', '\\a', '\\e', '\\$', '\\^', '\\\\', '\\é', '\\ ', '\\_', '\\z', '\\A', '\\Q', '\\u2028']
const quantifiers = ['*', '+', '?', '*', '+', '?', '*', '+', '?', '*?', '+?', '??', '{2}', '{2}', '{1,2}', '{1,3}', '{0}', '{1,}', '{0,2}', '{2,1}', '{,2}', '{', '{2', '{2,', '{1,3}?', '{ 1}', '**', '{1}{2}']

function atom (depth) {
  switch (random(depth > 3 ? 5 : 14)) {
    case 0: case 1: return pick(chars)
    case 2: return pick(escapes)
    case 3: return pick(['.', '^', '$', '.', '[^]', '[]'])
    case 4: return klass()
    case 5: case 6: return '(' + alternatives(depth + 1) + ')'
    case 7: return '(?:' + alternatives(depth + 1) + ')'
    case 8: return pick(['(?=', '(?!', '(?<=', '(?<!']) + alternatives(depth + 1) + ')'
    case 9: return pick(['(', '(', '(', '(', '(?:', '(?<n>', '(?<n>', '(?<m>', '(?<\\u0061b>', '(?<1>', '(?<>', '(?<é$>', '(?', '(?i:', '(?<n']) + alternatives(depth + 1) + ')'
    default: return pick(['a', 'b', '/', 'a', '-'])
  }
}

function klass () {
  let s = '[' + pick(['', '', '^'])
  for (let n = random(4); n >= 0; n--) {
    const one = () => random(3) ? pick(chars) : pick(escapes)
    s += pick([one, one, () => one() + '-' + one(), () => 'a-c', () => '-'])()
  }
  return s + pick([']', ']', ']', ']', ']', ']', ']', ''])
}

function alternatives (depth) {
  const list = []
  for (let n = pick([0, 0, 0, 1, 2]); n >= 0; n--) {
    let s = ''
    for (let m = pick([0, 1, 1, 2, 2, 3]); m > 0; m--) s += atom(depth) + (random(3) ? '' : pick(quantifiers))
    list.push(s)
  }
  return list.join('|')
}

function text () {
  let s = ''
  for (let n = random(7); n > 0; n--) s += random(2) ? pick(['a', 'b', '/', '-', 'a']) : pick(chars.concat('\\', '\t', '\0', '\x01', '\x08', 'z', 'D', 'u', 'p', '(', '*', 'x'))
  return s
}

// What people write, and corners of Annex B.
const fixed = ['', '^team-a/', '^(team-a|team-b)/.*', '.*', 'shop', '^/dev/', '^secret/data/shop/[^/]+$', '^arn:aws:iam::123456789012:role/shop-.*$', 'team-[ab]', '\\/shop\\/', '^(?!prod).*', '^(?:dev|test)(?:/|$)',
  '^[a-z0-9-]+$', '(dev|qa)\\/.+', 'dev*', '*', '+', '?', '(', ')', '[', ']', '{', '}', '{1}', 'a{', 'x{1}{2}', '^*', '$*', '\\b+', '(?=a)*', '(?<=a)*', 'a|*', '(?:)', '()', '|', '||a', '(?<n>a)\\k<n>', '\\k<n>', '\\k<n>(?<n>a)',
  '(?<n>a)|(?<n>b)', '(?<n>a)[\\k]', '\\', '[\\', '[a-\\d]', '[\\d-z]', '[z-a]', '[a-a]', '[-a]', '[a-]', '[^-a]', '[]a]', '[^]a]', '(a)\\2', '\\2(a)', '(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10', '\\10', '[\\b]', '[\\B]', '[\\c]', '[\\c_]', '[\\1]', '[\\8]',
  '(a*)*', '(a*)+b', '(?:a|ab)(?:c|bcd)(?:d*)', '(z)((a+)?(b+)?(c))*', '(?=(a+))a*b\\1', '(.*?)a(?!(a+)b\\2c)\\2(.*)', '^(?:\\w+\\.)+$', '\\u{1F600}', '😀', '^.$', '^..$', '[😀]', '^[^😀]$', '\\w\\b\\W', '\\cé', 'a{0}', 'a{2,1000}', 'a{0,99999999999}', '(){99999999999}b', 'a{99999999999}', '(?:a{0,20}){40}b', '(a{0}b)?', '(?:a{1000}){2}', 'a{1000}', 'a{1001}',
  '^\\S+$', '\\x', '\\u', '^\\B$', '^\\b$', '$^', 'a^', '$a', '(?:^a)', '(^|/)shop($|/)', '(?<a', '(?<a>', '(?<=a', '(?#a)', '(?P<n>a)', '[[:alpha:]]', '\\Qa\\E', 'a++', 'a*+', '\\pL', '\\d{3}-\\d{2}', '(?<$>a)', '(?<a\\u{62}>x)\\k<ab>']
const fixedTexts = ['', 'a', 'team-a/db', 'team-b/db', 'prod/shop', 'dev/x', '/dev/db', 'secret/data/shop/db', 'secret/data/shop/db/x', 'arn:aws:iam::123456789012:role/shop-db', 'xteam-a/', 'aaa', 'ab', 'aab', 'abcd', 'zaacbbbcac', 'baaabac', '😀', 'é', '/shop/', '\n', 'a\nb', 'ac', 'b', '{', '{1}', 'a{', ']', '-', '.', '\\', 'k', 'n', '8', '\x01', '\x08', 'c', '\u2028', 'a:', 'Q', 'u1F600', '1']

const seen = new Set()
function ask (p, texts) {
  if (seen.has(p)) return
  seen.add(p)
  let re
  try { re = new RegExp(p) } catch (e) {
    console.log(JSON.stringify({ p, e: true }))
    return
  }
  const m = []; const n = []
  try {
    for (const t of new Set(texts)) (re.test(t) ? m : n).push(t)
  } catch (e) { return } // V8's stack: it depends on the machine
  console.log(JSON.stringify({ p, m, n }))
}

for (const p of fixed) ask(p, fixedTexts)
while (seen.size < count + fixed.length) {
  const p = alternatives(0)
  ask(p, ['', 'a', text(), text(), text(), text(), text(), text()])
}
