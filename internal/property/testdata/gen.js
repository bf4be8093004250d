// Writes lodash's answers to made-up properties of made-up documents: one JSON
// line per document, {"doc": its text, "cases": [[property, via, value], ...]}.
//
//   NODE_PATH=<where lodash 4.17.21 is> node gen.js CASES SEED > answers.jsonl
//
// The look-up is KES 8.5.5's (lib/backends/kv-backend.js): JSON.parse, then
// _.hasIn (else an error: via is ""), then _.get. via says how it was found:
// "l" by a literal top-level key, "p" by the path; and "i" behind it if an
// inherited JavaScript member was on the way, "c" if a character of a string,
// "e" if a key "". value is JSON.stringify's text, "fn" for functions.
// Same arguments, same bytes. Node 14 is KES's; newer ones answer the same here.
'use strict'
const _ = require('lodash')
const cases = Number(process.argv[2])
let seed = Number(process.argv[3])

function rand () { // mulberry32
  seed = (seed + 0x6D2B79F5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const below = n => Math.floor(rand() * n)
const pick = list => list[below(list.length)]
const chance = p => rand() < p

const specials = Array.from('!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ \t\n\u2028é😀\u007f')
const words = ['a', 'b', 'c', 'x', 'user', 'password', 'tls.crt', '.dockerconfigjson', 'a.b', 'a..b', 'a.', '.', '..',
  '', '0', '1', '2', '01', '007', '10', '-1', '1.5', 'a[0]', 'a[b]', '["a"]', 'a["b"]', '[0]', '[]', 'a[]', '[[]]', '@this',
  '@pretty', '@x', '!', '!"a"', '{a}', '[a]', '#', '*', 'a*', '?', 'a?b', 'a|b', 'a#b', 'a\\', '\\', 'a\\b', '\\.', '.a',
  'user@example.com', 'conf/app.yaml', 'é', '日本', '😀', 'A-B_c:d', 'p w', '18446744073709551616', '#(a=="b")',
  '..a', 'a.0', 'a.b.c', 'null', 'true']
const members = ['length', 'constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf', 'keys', 'values', 'search',
  'link', 'toFixed', 'name', 'map', 'bold', 'entries']

function key () {
  const r = rand()
  if (r < 0.45) return pick(words)
  if (r < 0.55) return pick(members)
  if (r < 0.7) return pick(specials)
  let s = ''
  for (let n = 1 + below(4); n > 0; n--) s += chance(0.5) ? pick(specials) : pick(['a', 'b', 'k', '1', '.'])
  return s
}

// Documents are trees of {o: [[key, tree]]}, {a: [tree]} or a JSON text, so that
// a key "__proto__" and the order of keys survive.
let serial = 0
function tree (depth) {
  const r = rand()
  if (depth > 0 && r < 0.45) return object(depth)
  if (depth > 0 && r < 0.6) return { a: Array.from({ length: below(4) }, () => tree(depth - 1)) }
  if (r < 0.9) return JSON.stringify('v' + (++serial) + (chance(0.1) ? ' <&>"\u00e9' : ''))
  return pick(['null', 'true', 'false', '42', '-7', '1.5', '""', '{}', '[]'])
}
function object (depth) {
  const o = []
  for (let n = 1 + below(5); n > 0; n--) put(o, key(), tree(depth - 1))
  return { o }
}
function put (entries, k, v) { // no duplicate keys: that is another difference
  if (!entries.some(e => e[0] === k)) entries.splice(below(entries.length + 1), 0, [k, v])
}

function string (s, odd) {
  let text = JSON.stringify(s)
  if (odd) {
    text = Array.from({ length: s.length }, (x, i) => s.charCodeAt(i)).map(c =>
      chance(0.4) || c < 32 || c === 34 || c === 92 ? '\\u' + c.toString(16).padStart(4, '0') : String.fromCharCode(c)).join('')
    // A surrogate pair is escaped whole or not at all.
    if (/[\ud800-\udfff]/.test(s)) return JSON.stringify(s)
    text = '"' + text + '"'
  }
  return text
}
function write (t, gap, odd) {
  if (typeof t === 'string') return t
  if (t.a) return '[' + t.a.map(v => gap + write(v, gap, odd)).join(',') + gap + ']'
  return '{' + t.o.map(([k, v]) => gap + string(k, odd) + gap + ':' + gap + write(v, gap, odd)).join(',') + gap + '}'
}

// A property that leads, most of the time, to something in the document.
function property (t) {
  const segments = []
  while (typeof t !== 'string' && (segments.length === 0 || chance(0.75))) {
    const list = t.o || t.a.map((v, i) => [String(i), v])
    if (list.length === 0) break
    const [k, v] = pick(list)
    segments.push(k)
    t = v
  }
  const r = rand()
  if (r < 0.12) segments.push(pick(members.concat('0', '1', '01', '')))
  else if (r < 0.2) segments.splice(below(segments.length + 1), 0, key())
  else if (r < 0.25) segments.pop()
  let p = ''
  segments.forEach((s, i) => {
    const quote = pick(['"', "'"])
    const quoted = '[' + quote + s.replace(/\\/g, '\\\\').split(quote).join('\\' + quote) + quote + ']'
    if (/^\d+$/.test(s) && chance(0.5)) p += '[' + s + ']'
    else if (chance(/[.[\]]/.test(s) ? 0.6 : 0.2)) p += quoted
    else p += (i > 0 ? '.' : '') + s
  })
  if (chance(0.06)) { // a slip of the finger
    const at = below(p.length + 1)
    p = p.slice(0, at) + pick(['.', '[', ']', '"', '\\', '', '*', '0']) + p.slice(at + below(2))
  }
  return /[\ud800-\udbff](?![\udc00-\udfff])|(?:[^\ud800-\udbff]|^)[\udc00-\udfff]/.test(p) ? 'a' : p
}

function answer (value, path) {
  if (!_.hasIn(value, path)) return ['', '']
  const literal = path in Object(value)
  const segments = literal ? [path] : _.toPath(path)
  let via = literal ? 'l' : 'p'
  let at = value
  for (const s of segments) {
    if (typeof at === 'string' && /^\d+$/.test(s)) via += 'c'
    else if (!Object.prototype.hasOwnProperty.call(at, s) || (s === 'length' && typeof at !== 'object') ||
      (s === 'length' && Array.isArray(at)) || typeof at === 'function') via += 'i'
    if (s === '' && !literal) via += 'e'
    at = at[s]
  }
  const got = _.get(value, path)
  return [via, typeof got === 'function' ? 'fn' : JSON.stringify(got)]
}

for (let done = 0; done < cases;) {
  const r = rand()
  const doc = r < 0.9 ? object(3) : r < 0.96 ? { a: [tree(2), tree(2), tree(1)] } : tree(0)
  const below = doc.o && chance(0.1) // as IBM's kv secrets look
  const whole = below ? { o: [['payload', doc]] } : doc
  const properties = new Set()
  for (let n = 8; n > 0; n--) properties.add(chance(0.05) ? key() : property(whole))
  if (doc.o) { // rivals: keys that a literal or doubly escaped look-up would meet
    for (const p of properties) {
      if (chance(0.15)) put(doc.o, p, tree(1))
      if (chance(0.1)) put(doc.o, _.toPath(p).join('.'), tree(1))
      if (chance(0.03) && p.includes('.')) {
        const cut = p.indexOf('.')
        put(doc.o, p.slice(0, cut) + '\\', { o: [[p.slice(cut + 1), tree(0)]] })
      }
    }
  }
  const text = write(whole, chance(0.1) ? pick([' ', '\n']) : '', chance(0.15))
  const value = JSON.parse(text)
  const list = Array.from(properties, p => [p].concat(answer(value, p)))
  done += list.length
  process.stdout.write(JSON.stringify({ doc: text, cases: list }) + '\n')
}
