// Makes answers.jsonl: what lodash 4.17.21, js-yaml 3.14.1 and Node's Buffer
// give for made-up templates and values, the way KES 8.5.5 calls them.
//   NODE_PATH=<node_modules> node gen.js COUNT SEED > answers.jsonl
// A line is ["t", template, {key: base64 of the value}, result or null for an
// error] or ["p", document as base64, property, isBinary, base64 of what is
// written, or "drop", or "fail"].
'use strict'
const parseTemplate = require('lodash/template')
const { get, hasIn } = require('lodash')
const yaml = require('js-yaml')
// Node 14.21.3, the image of KES, lacks these.
for (const n of ['at', 'findLast', 'findLastIndex', 'toReversed', 'toSorted', 'toSpliced', 'with']) delete Array.prototype[n]
for (const n of ['at', 'replaceAll', 'isWellFormed', 'toWellFormed']) delete String.prototype[n]
delete Object.hasOwn

let seed = Number(process.argv[3]) >>> 0
const rnd = () => { seed = (seed + 0x6D2B79F5) >>> 0; let t = seed; t = Math.imul(t ^ (t >>> 15), t | 1); t ^= t + Math.imul(t ^ (t >>> 7), t | 61); return ((t ^ (t >>> 14)) >>> 0) / 4294967296 }
const int = n => Math.floor(rnd() * n)
const one = a => a[int(a.length)]
const many = (n, f) => Array.from({ length: int(n) }, f)

const words = ['', 'a', 'abc', 'A b', 'p@ss', 'x,y,z', '/a/b/c', 'true', '12', '-7', '1e3', '010', '0x1F', ' pad ', "it's", '"q"', '<b>&', '\\n', '\\', 'a\nb', '\r\n', 'yes', 'null', '${x}', '<%', '%>', '$&', '$1', 'é', 'ß€', '😀', '\u2028', 'aGVsbG8=', 'aGk', '-_-_', 'a b c!', '{{ x }}', 'hello world', 'https://u:p@h:80/x?y=1#z']
const number = () => one(['0', '1', '-1', '5432', '12345678', '9007199254740993', '12345678901234567890', '1.5', '1.50', '1.0', '1E2', '1e21', '1e-7', '0.1', '-0', '1e400', '123456789012345680000', '0.000001', '5e-324', '-1.5e-9'])
const esc = s => JSON.stringify(s)
const json = d => d <= 0 || rnd() < 0.4 ? one([() => esc(one(words)), number, () => 'true', () => 'false', () => 'null', () => one(['"\\u00e9"', '"\\ud800"', '"\\/"', '"\\ud83d\\ude00"', '"\u007f"'])])() : rnd() < 0.6 ? object(d) : '[' + many(4, () => json(d - 1)).join(one([',', ', '])) + ']'
const key = () => one(['a', 'b', 'c', 'd', 'a.b', 'x', 'y', '10', '9', '0', 'arr', 'tls.crt', '', 'a b', 'a[0]', 'length', 'é'])
const object = d => { const c = one([':', ': ', ' : ']); return '{' + many(5, () => esc(key()) + c + json(d - 1)).join(one([',', ', ', ',\n'])) + '}' }
const doc = () => rnd() < 0.85 ? object(3) : one(['', 'plain', '{bad', '[1,2', '{"a":1} x', '"str"', '42', 'null', 'true', '[1,[2,"x"],{"a":3}]', '{"a":01}', '{"a":1,}', '\ufeff{}', '{"a":"b\nc"}', ' {"a":1}\n', "{'a':1}", '{"a":+1}', '{"a":.5}', '{"a":1.}', '"\\x"', '-', '[]', '{"__proto__":{"a":1},"b":2}', 'nul'])
const flat = () => '{' + many(4, (_, i) => esc(one(['aa', 'bb', 'cc', 'dd', 'ee'])) + ':' + one([esc(one(['alpha', 'beta-2', 'x/y.z'])), '5', 'true', '12345678'])).join(',') + '}'

// --- expressions
const str = d => d <= 0 ? one([() => `data.${one(['x', 'y', 'z'])}`, () => `data["${one(['x', 'a-b'])}"]`, () => esc(one(words)), () => `'${one(['a', ',', '/', ' ', 'x'])}'`])()
  : one([
    () => str(0), () => str(0),
    () => `${str(d - 1)} + ${one([str(d - 1), numeric(d - 1), any(d - 1)])}`,
    () => '`a${' + str(d - 1) + '}b`',
    () => `${str(d - 1)}.${one(['trim()', 'toUpperCase()', 'toLowerCase()', 'toString()', 'trimStart()', 'trimEnd()', 'slice(1)', 'slice(-2)', 'slice(1,3)', 'substring(0,3)', 'substring(3,1)', 'substr(1,2)', 'charAt(1)', 'concat("!")', 'repeat(2)', 'padStart(5,"0")', 'padEnd(6)', 'replace("a","b")', 'replace(/a/g,"[$&$$]")', 'replace(/[^a-z0-9]+/gi,"-")', 'replace(/\\n/g,"\\\\n")', 'replace(/(\\w)(\\w)/,"$2$1")', 'split(",").join(";")', 'split("").reverse().join("")', 'split("/")[1]', 'replaceAll("a","b")', 'at(0)', 'codePointAt(0)', 'charCodeAt(0).toString(16)', 'normalize()', 'replace(/\\s+$/,"")', 'replace("a",m=>m+m)', 'match(/a/g)', 'search(/b/)', 'split(/[,/]/)'])}`,
    () => `String(${any(d - 1)})`,
    () => `JSON.stringify(${any(d - 1)}${one(['', '', '', ',null,2', ',["a","b"]', ',(k,v)=>v===null?0:v', ',null,"--"'])})`,
    () => `Buffer.from(${str(d - 1)}${one(['', ',"base64"', ',"utf8"', ',"hex"', ',"latin1"', ',"ascii"', ',"utf16le"', ',"base64url"', ',"nope"'])})${one(['', '.toString()', '.toString("base64")', '.toString("hex")', '.toString("ascii")', '.toString("latin1")', '.toString("utf8")', '.toString("base64url")', '.toString("ucs2")', '.length', '.toString("base64",1,3)', '.slice(1,3).toString()', '[0]', '.toJSON().data'])}`,
    () => `${one(['encodeURIComponent', 'encodeURI', 'escape', 'decodeURIComponent', '_.escape'])}(${str(d - 1)})`,
    () => `(${cond(d - 1)} ? ${str(d - 1)} : ${str(d - 1)})`,
    () => `(${str(d - 1)} ${one(['||', '&&', '??'])} ${str(d - 1)})`,
    () => `[${str(d - 1)}, ${any(d - 1)}].join(${one(['","', '""', ''])})`,
    () => `Object.${one(['keys', 'values', 'entries'])}(${parsed(d - 1)}).${one(['sort().join(",")', 'map(e=>e+"!").join()', 'length', 'join(";")', 'filter(e=>e).join()', 'reverse().join()'])}`,
    () => `typeof ${any(d - 1)}`,
    () => `(${numeric(d - 1)}).${one(['toString(16)', 'toFixed(2)', 'toPrecision(3)', 'toString(2)', 'toExponential()', 'toString()'])}`,
    () => `yaml.dump(JSON.parse(data.f))`, () => 'JSON.stringify(yaml.load(data.m))',
    () => `_.${one(['upperCase', 'get', 'map'])}(${str(d - 1)})`
  ])()
const parsed = d => `JSON.parse(data.${one(['j', 'j', 'j', 'k', 'x'])})`
const any = d => d <= 0 ? one([() => str(0), () => number(), () => one(['null', 'undefined', 'true', 'NaN', '[]', '({})', '[1,[2,null],undefined]', 'data.nope', '({a:1})', '1/0', '-0', '0.1+0.2', 'data', 'x'])])()
  : one([() => str(d), () => parsed(d), () => parsed(d) + one(['.a', '.b', '["a.b"]', '.a.b', '[0]', '?.a?.b', '.arr', '.x.y', '.length', '["10"]']), () => numeric(d - 1), () => cond(d - 1), () => `[${any(d - 1)}, ${any(d - 1)}]`, () => `({a:${any(d - 1)},[${str(0)}]:${any(d - 1)}, 9:1, b:2})`, () => `{...${parsed(d)}}`, () => `[...${str(0)}]`, () => `(a=>a+1)(${any(d - 1)})`, () => `((${any(d - 1)}))`])()
const numeric = d => d <= 0 ? one([() => number(), () => 'data.x.length', () => '2'])() : one([() => numeric(0), () => `${numeric(d - 1)} ${one(['+', '-', '*', '/', '%', '|', '&', '>>', '>>>', '<<', '^'])} ${numeric(d - 1)}`, () => `${one(['Number', 'parseInt', 'parseFloat', '+', '-', '~', 'Math.round', 'Math.floor', 'Math.abs', 'isNaN', 'isFinite'])}(${any(d - 1)})`, () => `${str(d - 1)}.${one(['length', 'indexOf("a")', 'lastIndexOf("b")'])}`, () => `Math.${one(['max', 'min'])}(${numeric(d - 1)},${numeric(d - 1)})`])()
const cond = d => one([() => `${any(d - 1)} ${one(['===', '!==', '==', '!=', '<', '>', '<=', '>='])} ${any(d - 1)}`, () => `${str(0)}.${one(['startsWith("a")', 'includes(",")', 'endsWith("z")'])}`, () => `!${any(d - 1)}`, () => `"a" in ${parsed(d)}`, () => `/^[a-c]+/.test(${str(0)})`, () => `Array.isArray(${any(d - 1)})`, () => `${parsed(d)} instanceof Object`])()
const statement = d => one([
  () => `let v = ${any(d)};`, () => `const c = ${parsed(d)}`, () => `var w = ${str(d)}`, () => `print(${any(d)}, ${str(0)})`,
  () => `data.x = ${str(d)};`, () => `if (${cond(d)}) { %>yes<% } else { %>no<% }`, () => `for (let i = 0; i < 3; i++) { %>[<%= i %>]<% }`,
  () => `for (const [k, v] of Object.entries(${parsed(d)})) { %><%= k %>=<%= ${one(['v', 'String(v)', 'JSON.stringify(v)'])} %>;<% }`,
  () => `${parsed(d)}.arr.forEach((e, i) => { %><%= i %>:<%= e %>,<% })`, () => `for (const c of ${str(0)}) { print(c + ".") }`,
  () => `try { JSON.parse(data.x) } catch { %>bad<% }`, () => `const {a, b: {c} = {}} = ${parsed(d)}; %><%= a %><%= c %><%`, () => `function f(a) { return a + "!" } %><%= f(${str(0)}) %><%`,
  () => `switch (${str(0)}) { case "a": print(1); break; default: print(2) }`, () => 'return "early"', () => `// ${one(['c', '%'])}`, () => `/* c */`, () => `while (false) {}`, () => `for (const k in ${parsed(d)}) print(k)`
])()
const piece = () => one([
  () => one(words), () => one(words), () => one(["it's", '\\', '\\n', '"', "'", '\n', '\r\n', '\u2028', "__p += '';", "' +\n'", '<% a', 'b %>', '$x', '${', '}', '#{x}', '<%%>', '<%=%>', '<%-%>', '${}', '%', '<%# c %>', 'é😀', '`', "+ '' +", '__t)) +\n'])
  , () => `<%= ${any(3)} %>`, () => `<%= ${str(3)} %>`, () => `<%=${str(2)}%>`, () => `<%- ${any(2)} %>`, () => '${' + str(1) + '}', () => '${ ' + any(1) + ' }',
  () => `<% ${statement(2)} %>`, () => `<%\n${statement(1)}\n%>`, () => `<%= ${str(1)}; %>`, () => `<%= 1 // c %>`
])()
const template = () => { let s = ''; for (let i = 1 + int(4); i > 0; i--) s += piece(); return s }

const b64 = s => Buffer.from(s, 'utf8').toString('base64')
const value = () => rnd() < 0.1 ? Buffer.from(many(8, () => int(256))).toString('base64') : b64(many(3, () => one(words)).join(''))
function templateLine () {
  const stored = { x: value(), y: value(), z: value(), 'a-b': value(), j: b64(doc()), k: b64(object(2)), f: b64(flat()), m: b64(many(3, (_, i) => one(['aa', 'bb', 'cc', 'dd']) + ': ' + one(['alpha', '5', 'true', 'x/y'])).join('\n') || 'word') }
  const t = template()
  const used = {}
  for (const k of Object.keys(stored)) if (t.includes(k)) used[k] = stored[k]
  const data = {}
  for (const k of Object.keys(used)) data[k] = Buffer.from(used[k], 'base64').toString('ascii')
  let result = null
  try { result = parseTemplate(t, { imports: { yaml }, variable: 'data' })(data) } catch (e) {}
  if (result !== null && typeof result !== 'string') result = { type: typeof result }
  return ['t', t, used, result === undefined ? { type: 'undefined' } : result]
}
const path = () => one([key, key, () => key() + '.' + key(), () => key() + '.' + key() + '.' + key(), () => key() + '[' + one(['0', '1', '"a"', "'b'", '"a.b"', '10', '-1', '']) + ']', () => '.' + key(), () => key() + '.', () => '["' + key() + '"].' + key(), () => key() + '[0].' + key(), () => 'arr.' + int(3)])()
function propertyLine () {
  const text = doc()
  const property = path()
  const isBinary = rnd() < 0.3
  let out
  let parsed
  try { parsed = JSON.parse(text) } catch (e) { out = 'drop' }
  if (out === undefined) {
    if (!hasIn(parsed, property)) out = 'fail'
    else {
      let v = get(parsed, property)
      if (isBinary && typeof v === 'string') v = Buffer.from(v, 'base64')
      if (!(v instanceof Buffer)) v = typeof v === 'object' ? Buffer.from(JSON.stringify(v), 'utf-8') : Buffer.from(`${v}`, 'utf8')
      out = v.toString('base64')
    }
  }
  return ['p', b64(text), property, isBinary, out]
}
const lines = []
for (let n = Number(process.argv[2]); n > 0; n--) {
  lines.push(JSON.stringify(rnd() < 0.8 ? templateLine() : propertyLine()))
  if (lines.length === 1000) process.stdout.write(lines.splice(0).join('\n') + '\n')
}
process.stdout.write(lines.join('\n') + (lines.length ? '\n' : ''))
