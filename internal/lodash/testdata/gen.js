// Writes what lodash itself makes of made-up texts, one JSON line each:
// {"path": text, "want": _.toPath(text)}: _stringToPath.js for a string;
// {"key": text, "want": whether it is never split}: _isKey.js without an object;
// {"template": text, "want": [[kind, start, end, code], ...]}: the matches of the
// regexp that lodash/template builds, taken from its own call of replace. kind is
// the number of the alternative, offsets count UTF-16 units.
// Where a template has no match, lodash's output must equal its text.
//
//   NODE_PATH=<where lodash 4.17.21 is> node gen.js LINES SEED > answers.jsonl
//
// Same arguments, same bytes.
'use strict'
const toPath = require('lodash/toPath')
const isKey = require('lodash/_isKey')
const template = require('lodash/template')
const lines = Number(process.argv[2])
let seed = Number(process.argv[3])

function rand () { // mulberry32
  seed = (seed + 0x6D2B79F5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const pick = list => list[Math.floor(rand() * list.length)]
const text = (parts, max) => Array.from({ length: Math.floor(rand() * max) }, () => pick(parts)).join('')

const pathParts = ['.', '.', '[', ']', '[', ']', '"', "'", '\\', '-', '0', '12', 'a', 'b c', '\n', '\r', '\u2028', '\u0000',
  'é', '😀', '$', '[]', '["', '"]', "['", "']", '[1]', '[-1.5]', '_', '٣']
const templateParts = ['<%', '<%=', '<%-', '%>', '${', '}', '{', '$', '<', '%', '>', '-', '=', '\\', '\\}', '"', "'", '`',
  ' ', 'data.x', 'a', '\n', '\r', '\r\n', '\u2028', '\u2029', 'é', '😀', '{{', '}}', '\\n', '\\u0041', '$$', '$&', '\u0000']

function matches (source) {
  const found = []
  const replace = String.prototype.replace // eslint-disable-line no-extend-native
  String.prototype.replace = function (pattern, by) {
    if (typeof by === 'function' && by.length === 6) {
      return replace.call(this, pattern, function (match, escape, interpolate, es, evaluate, offset) {
        const kind = [escape, interpolate, es, evaluate].findIndex(x => x !== undefined)
        if (kind >= 0) found.push([kind + 1, offset, offset + match.length, arguments[kind + 1]])
        return by.apply(this, arguments)
      })
    }
    return replace.call(this, pattern, by)
  }
  let compiled
  try {
    compiled = template(source, { variable: 'data' })
  } catch (e) { // what is between the delimiters is no JavaScript
  } finally {
    String.prototype.replace = replace // eslint-disable-line no-extend-native
  }
  if (found.length === 0 && compiled({}) !== source) throw new Error('lodash changed ' + JSON.stringify(source))
  return found
}

for (let i = 0; i < lines; i++) {
  const p = text(pathParts, 10)
  const k = text(pathParts, 5)
  const t = text(templateParts, 14)
  const out = [{ path: p, want: toPath(p) }, { key: k, want: isKey(k) }, { template: t, want: matches(t) }][i % 3]
  process.stdout.write(JSON.stringify(out) + '\n')
}
