// Writes what KES makes of templates, one JSON line each, after a first line with
// the data samples: {"template": text, "want": [result of each sample, null = it
// throws]}; for a random one "at" says which sample is the first. lodash/template and js-yaml do it, called as KES 8.5.5 calls them
// (lib/utils.js:1-21), with values decoded as ascii (lib/poller.js:99); what Node 14
// hasn't got is taken away. The templates are those of templates.json and COUNT
// random ones, these on FEW samples each.
//
//   NODE_PATH=<where lodash 4.17.21 and js-yaml 3.14.1 are> node gen-templates.js COUNT SEED FEW > template-answers.jsonl
//
// Same arguments, same bytes.
'use strict'
const template = require('lodash/template')
const yaml = require('js-yaml')
const count = Number(process.argv[2])
let seed = Number(process.argv[3])
for (const name of ['replaceAll', 'at', 'isWellFormed', 'toWellFormed']) delete String.prototype[name] // eslint-disable-line no-extend-native
for (const name of ['at', 'findLast', 'findLastIndex', 'toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name] // eslint-disable-line no-extend-native
for (const name of ['atob', 'btoa', 'structuredClone', 'fetch']) delete globalThis[name]
process.noDeprecation = true

function rand () { // mulberry32
  seed = (seed + 0x6D2B79F5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const pick = list => list[Math.floor(rand() * list.length)]
const chance = p => rand() < p

const strings = ['', 'a', 'b', 's', 'prod', ' a b ', 'a,b , c', 'a/b/c', 'x', 'pass"word\\', "it's <b>&</b>", 'line1\nline2\n', 'a\tb\r\n', 'aGk=', 'aé', 'ß€😀', '¢"', '0', '5', '-1', '10',
  'true', 'null', '{"a":1}', '{{ .x }}', '${y} $& $1 $$', '%s %d 100%', 'ab+c/=', '\u0001\u007f', 'AbC', 'aab/', '/', ',', ',,a', ' ', 'a`b', '\u000b\fa\u000b', '\u0000', 'a b c d', 'z.z*(z)[z]']
const jsons = ['{"a":"x","o":{"b":"v w","p":{"z":1,"a":[1,{"y":2}]}},"l":["a","b"],"n":12345678,"s":"{\\"a\\":5}"}',
  '{"o":{"b":1,"p":null},"a":5,"l":[1,2.5,1e21,-0,1e-7],"n":5,"s":"x"}', '{"a":true,"l":[],"o":{"b":"","p":{}},"n":5.5}', '{"a":null,"l":[null,"a",null],"o":{"b":null}}',
  '{ "l" : [ {"n":"q"}, {"n":2}, {} ], "a" : [1,[2,3],null,"x"], "o":{"b":[1]} }', '{"a":{"b":1},"o":{"a":"1","b":"<&>","p":"x"},"l":["<",">"]}', '{"a":"\\u00e9\\ud83d\\ude00","l":["\\u00e9"],"o":{"b":"\\u2028"}}',
  '{"a":"l1\\nl2 \\"q\\"","o":{"b":"a,b"},"l":["x","a","y"],"n":-3}', '{"a":" a,b "}', '{}', '[]', '[1,"a",null]', '["a"]', '5', '"str"', 'null', 'true', '', '{bad', '{"a":1} x', '{"a":1e999}', '{"a":"é","o":{"b":"ö"}}', '{"a":"ß"}',
  '{"10":1,"9":2,"a":"q","o":{"2":"x","1":"y"}}', '{"a":1,"b":2,"a":3,"o":{"b":1,"c":2,"b":3}}', '{"a":"","o":{"b":"x"},"l":"str","n":"10"}', '{"a":0,"o":[1],"l":{"a":1}}', '{"a":-0.0,"o":{"b":12345678901234567890},"l":[[1],[2,[3]],{}]}',
  '{"b":"\\/","a":"\\u0041\\b\\f","o":{"b":"}{:,"},"l":["[","]"]}', ' {"a" :"x" , "o":{ "b": "y" } }\n', '{"a":"\\ud800","o":{}}', '{"a":"x","length":3,"l":"abc","o":"q"}', '{"a":"user","o":{"b":"word"},"l":["one","two","three"],"n":5432,"s":"{}"}']
const good = ['{"a":"user","o":{"b":"p w","p":{"z":1,"a":[true]}},"l":["one","two"],"n":5432,"s":"{\\"a\\":\\"q\\"}"}', '{"l":["a,b","c/d"," e "],"a":"a,b/c d","o":{"b":"x=\\"1\\"","p":{"a":"deep"}},"n":12345678,"s":"{}"}', '{"a":true,"n":1.5,"s":"5","o":{"b":7,"p":{"a":0}},"l":[1,2,3]}']
const flats = ['{"aa":"word","bb":"x-y"}', '{"zz":"ab","aa":"a.b/c"}', '{}', '{"aa":"yes"}', '{"aa":5}', '{"on":"ab"}', '{"aa":"x: y"}', '{"aa":"with space"}', '[]', '{"aa":{"b":1}}', '{"aa":"null"}']
const yamls = ['aa: word', 'aa: word\nbb: other\n', 'aa: yes', 'aa: 5', 'bb: x', 'aa: "q"', '- a', '', 'aa: x\naa: y', 'aa: 2020-01-01', 'aa:  x', 'on: xx\naa: word', 'AA: word\naa: OFF']
const base64s = ['aGk=', 'YWJj', '', 'aGVsbG8gd29ybGQ=', 'eyJhIjoieCJ9', 'eyJhIjo1fQ==', 'YQ', '-_-_', 'not base64!', 'YWJj\nZGVm', '/////w==', 'w6k=', 'YWI=YWI=', 'YWJ=', 'aGk', '  ', 'YQ==\n']

function samples () {
  const all = []
  for (let i = 0; i < 70; i++) {
    const d = { x: i < strings.length ? strings[i] : pick(strings), y: pick(strings), j: i % 2 ? good[i % good.length] : jsons[(i / 2) % jsons.length], b: base64s[i % base64s.length], flat: flats[i % flats.length], yaml: yamls[i % yamls.length], 'a-b': pick(strings) }
    if (i % 3) d.opt = d['o-pt'] = pick(strings)
    all.push(d)
  }
  return all
}

// A small grammar of what people write.
let depth = 0
function nested (list) {
  depth++
  const r = depth > 3 ? list[0]() : pick(list)()
  depth--
  return r
}
let locals = []
const quote = s => pick([JSON.stringify, s => "'" + s.replace(/[\\']/g, '\\$&').replace(/\n/g, '\\n') + "'"])(s)
const literal = () => quote(pick(['a', 'b', '', ' ', ',', '/', 'x y', '<', '%', '$', '{', '{{', '}}', '"', "'", '\\', 'a\n', 'é', '$1', '$&', '$$', '0', ':']))
const local = kind => { const l = locals.filter(v => v.kind === kind); return l.length ? pick(l).name : null }
const key = () => pick(['a', 'b', 'o', 'l', 'n', 's', 'a', 'o.b', 'o.p', 'l[0]', 'l[1]', 'o["b"]', 'zz', 'o.p.a'])
const root = () => local('root') || 'JSON.parse(data.j)'
const json = () => local('json') || nested([() => root() + '.' + key(), () => root() + '.' + key(), () => root(), () => 'JSON.parse(' + str() + ').a', () => root() + '[' + quote(pick(['a', 'o'])) + ']', () => root() + '[' + pick([0, 1]) + ']'])
const str = () => local('str') && chance(0.4) ? local('str') : nested([() => pick(['data.x', 'data.y']), () => pick(['data.x', 'data.y', 'data["a-b"]']), literal, () => '`' + pick(['', 'a', '{']) + '${' + any() + '}' + pick(['', 'b']) + '`',
  () => str() + ' + ' + any(), () => '(' + any() + ' + ' + str() + ')', () => str2() + '.trim()', () => str2() + pick(['.toUpperCase()', '.toLowerCase()', '.trimStart()', '.trimEnd()', '.toString()', '.repeat(2)']),
  () => str2() + '.replace(' + literal() + ', ' + literal() + ')', () => str2() + '.replace(' + regex() + ', ' + literal() + ')', () => list() + pick(['[0]', '[1]', '.pop()', '.shift()']), () => list() + '.join(' + str() + ')', () => str2() + pick(['.substring(1)', '.substring(0, 3)', '.slice(-2)', '.slice(1, 3)', '.substr(1, 1)', '.charAt(0)', '.charAt(2)']),
  () => '(' + str() + ' || ' + str() + ')', () => '(' + bool() + ' ? ' + str() + ' : ' + str() + ')', () => 'Buffer.from(' + any() + ').toString("base64")', () => 'Buffer.from(' + pick(['data.b', str()]) + ', "base64").toString()', () => 'JSON.stringify(' + value() + ')', () => 'encodeURIComponent(' + any() + ')', () => 'String(' + any() + ')', () => str() + '.concat(' + any() + ')',
  () => root() + '.l.map(' + pick(['e', '(e)']) + ' => e).join(' + literal() + ')', () => list() + '.map(e => ' + pick(['e.trim()', 'e + "!"', '`<${e}>`']) + ').join(' + literal() + ')', () => 'Object.keys(' + json() + ').sort().join(",")', () => 'Object.entries(' + root() + ').map(([k, v]) => k + "=" + v).join("&")', () => 'Object.values(' + root() + '.o).join(' + literal() + ')', () => '_.escape(' + any() + ')', () => json() + '.join(",")', () => 'data.opt', () => '(data.opt || ' + literal() + ')'])
const str2 = () => pick([str, str, json])().replace(/^(.* .*)$/s, '($1)')
const regex = () => pick(['/a/', '/a/g', '/[^a-z0-9]/g', '/\\s+/g', '/(a|b)/', '/^a/', '/b$/', '/\\//g', '/,\\s*/g', '/./', '/[A-Z]/gi', '/(.)(.)/', '/"/g', '/\\n/g', '/a*/', '/x?y{1,2}/g', '/\\W/g', '/\\bb/'])
const list = () => local('list') || str2() + '.split(' + pick(['","', '"/"', '" "', '/,/', '/\\s+/', '"ab"']) + ')'
const num = () => nested([() => pick(['1', '0', '2.5', '100']), () => str2() + '.length', () => list() + '.length', () => str() + '.length + 1', () => root() + '.l.length'])
const bool = () => nested([() => 'data.x', () => str() + pick([' === ', ' !== ', ' == ', ' != ']) + str(), () => num() + pick([' > ', ' < ', ' >= ', ' === ']) + pick(['1', '0', '3']), () => '!' + str2(), () => '!(' + bool() + ')', () => str2() + '.' + pick(['includes', 'startsWith', 'endsWith']) + '(' + literal() + ')', () => json() + ' === ' + pick([literal(), '5', 'true']), () => json(), () => bool() + ' && ' + bool(), () => '(' + bool() + ' || ' + bool() + ')', () => json() + ' == null', () => root() + '.n > 5', () => regex() + '.test(' + str() + ')', () => 'Array.isArray(' + json() + ')', () => str() + ' < ' + str()])
const any = () => pick([str, str, json, json, num, bool])().replace(/^(.* .*)$/s, '($1)')
const value = () => nested([str, json, () => '{a: ' + any() + ', b: ' + value() + '}', () => '[' + any() + ', ' + value() + ']', () => '{[' + str() + ']: ' + any() + '}', num, () => root() + '.o', root])
const expression = () => pick([any, any, any, str, () => json() + ' ?? ' + literal(), () => json() + pick([' || ', ' && ']) + any(), () => '(' + bool() + ') ? ' + any() + ' : ' + any()])()
const text = () => pick(['', '', 'a', '\n', '{', '{{', '}', ' ', '"', "'", 'é', 'k: ', '\\', '<', '$', '%', 'YWJj'])
const inside = f => { const saved = locals; locals = locals.slice(); const r = f(); locals = saved; return r }
let unique = 0
let tooLong = false
const block = () => inside(() => { let r = ''; for (let i = 0; i < 1 + rand() * 1.3; i++) r += text() + piece(); return r + text() })
const declare = () => {
  const [kind, make] = pick([['root', () => 'JSON.parse(data.j)'], ['json', json], ['str', str], ['list', list], ['str', str]])
  const name = 'v' + ++unique
  const r = '<% ' + pick(['let', 'const', 'var']) + ' ' + name + ' = ' + make() + pick(['', ';', ' ']) + ' %>'
  locals.push({ kind, name })
  return r
}
const over = (kind, make) => { const name = 'e' + ++unique; const source = make(); return [name, source, inside(() => { locals.push({ kind, name }); return block() })] }
function piece () {
  return nested([() => '<%= ' + expression() + ' %>', () => '<%= ' + expression() + ' %>', () => '<%= ' + expression() + ' %>', () => '<%- ' + any() + ' %>', () => '${' + expression().replace(/[{}`]/g, '') + '}', declare, declare,
    () => '<% if (' + bool() + ') { %>' + block() + '<% } %>', () => '<% if (' + bool() + ') { %>' + block() + '<% } else if (' + bool() + ') { %>' + block() + '<% } else { %>' + block() + '<% } %>',
    () => { const [e, s, b] = over('json', () => root() + '.l'); return '<% ' + s + '.forEach((' + e + ', i) => { %>' + b + '<% }) %>' },
    () => { const [e, s, b] = over('str', list); return '<% for (const ' + e + ' of ' + s + ') { %>' + b + '<% } %>' },
    () => { const [e, s, b] = over('json', root); return '<% for (const [k, ' + e + '] of Object.entries(' + s + ')) { %><%= k %>' + b + '<% } %>' },
    () => '<% print(' + any() + ', ' + any() + ') %>'])
}

function kes (text, sample) {
  const data = {}
  for (const [k, v] of Object.entries(sample)) data[k] = Buffer.from(Buffer.from(v).toString('base64'), 'base64').toString('ascii')
  try {
    const r = template(text, { imports: { yaml }, variable: 'data' })(data)
    tooLong = tooLong || r.length > 4000
    return r
  } catch (e) {
    return null
  }
}

const all = samples()
// The samples that a random template is tried on.
const few = Number(process.argv[4])
console.log(JSON.stringify(all))
for (const t of require('./templates.json')) console.log(JSON.stringify({ template: t, want: all.map(s => kes(t, s)) }))
for (let i = 0; i < count; i++) {
  locals = []
  depth = 0
  const t = block()
  const at = Math.floor(rand() * all.length)
  const want = []
  tooLong = false
  for (let n = 0; n < few; n++) want.push(kes(t, all[(at + n * 7) % all.length]))
  if (!tooLong && t.length < 3000) console.log(JSON.stringify({ template: t, at, want }))
}
