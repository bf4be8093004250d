// What KES 8.5.5 runs on Node 14.21.3, as far as it decides the Secret.
// `native` is given by engine.go. Returns the functions that Go calls.
(function (native) {
  const G = globalThis
  const { parse, trap, decode, encode } = native
  const toBytes = Uint8Array
  const { defineProperty, getOwnPropertyNames, setPrototypeOf, create } = Object
  const apply = Reflect.apply

  // --- what Node 14 doesn't have, and goja does
  for (const [o, names] of [
    [Array.prototype, 'at findLast findLastIndex toReversed toSorted toSpliced with'],
    [String.prototype, 'at replaceAll isWellFormed toWellFormed'],
    [Object, 'hasOwn groupBy'], [Promise, 'any withResolvers'],
    [Map, 'groupBy'], [G, 'AggregateError GoError']
  ]) names.split(' ').forEach(n => { delete o[n] })

  // --- what can't be run as Node does
  const trapped = (o, prefix, names) => names.split(' ').forEach(n => {
    const fail = function () { trap(prefix + n) }
    defineProperty(o, n, { get: fail, set: fail, configurable: true, enumerable: false })
  })
  const OriginalFunction = Function
  trapped(G, '', 'Date process Intl URL URLSearchParams TextEncoder TextDecoder console global globalThis ' +
    'setTimeout setInterval setImmediate clearTimeout clearInterval clearImmediate queueMicrotask ' +
    'WebAssembly SharedArrayBuffer Atomics WeakRef FinalizationRegistry eval Function ' +
    'ArrayBuffer DataView Uint8Array Uint8ClampedArray Int8Array Uint16Array Int16Array Uint32Array Int32Array ' +
    'Float32Array Float64Array BigInt64Array BigUint64Array')
  trapped(Math, 'Math.', 'random acos acosh asin asinh atan atanh atan2 cbrt cos cosh exp expm1 hypot log log1p log10 log2 sin sinh tan tanh')
  const functionText = OriginalFunction.prototype.toString
  const ours = new Set()
  trapped(OriginalFunction.prototype, 'Function.prototype.', 'constructor toString')
  for (const p of [Array.prototype, Number.prototype, Object.prototype]) trapped(p, '', 'toLocaleString')
  trapped(Number.prototype, 'Number.prototype.', 'toPrecision toExponential') // goja loses their sign
  trapped(String.prototype, 'String.prototype.', 'localeCompare toLocaleLowerCase toLocaleUpperCase')
  trapped(Error.prototype, 'Error.prototype.', 'stack toString')

  // --- bounds: a single native call can't be interrupted
  const MAX = 1e6
  const bounded = (o, name, tooMuch) => {
    const orig = o[name]
    const f = { [name] (...args) { if (tooMuch(this, args)) trap('a value of more than a million elements'); return apply(orig, this, args) } }[name]
    ours.add(f)
    defineProperty(o, name, { value: f, writable: true, configurable: true, enumerable: false })
  }
  for (const n of getOwnPropertyNames(Array.prototype)) {
    if (n !== 'constructor' && n !== 'length' && n !== 'toLocaleString') bounded(Array.prototype, n, t => t != null && t.length > MAX)
  }
  bounded(String.prototype, 'repeat', (t, a) => String(t).length * a[0] > MAX)
  bounded(String.prototype, 'padStart', (t, a) => a[0] > MAX)
  bounded(String.prototype, 'padEnd', (t, a) => a[0] > MAX)
  bounded(Array, 'from', (t, a) => a[0] != null && a[0].length > MAX)
  const toRadix = Number.prototype.toString
  defineProperty(Number.prototype, 'toString', { value: { toString (radix) { // goja drops the sign of small fractions
    if (radix !== undefined && radix != 10 && !Number.isInteger(Number(this))) trap('a fraction in another base')
    return apply(toRadix, this, [radix])
  } }.toString, writable: true, configurable: true, enumerable: false })

  const toInt = parseInt
  defineProperty(G, 'parseInt', { value: { parseInt (text, radix) { // goja adds digit by digit
    const n = toInt(text, radix)
    if (Math.abs(n) > Number.MAX_SAFE_INTEGER) trap('parseInt of a number beyond 2^53')
    return n
  } }.parseInt, writable: true, configurable: true, enumerable: false })
  defineProperty(Number, 'parseInt', { value: parseInt, writable: true, configurable: true, enumerable: false })
  const toFixed = Number.prototype.toFixed
  defineProperty(Number.prototype, 'toFixed', { value: { toFixed (digits) {
    if (Math.abs(this) > Number.MAX_SAFE_INTEGER) trap('toFixed of a number beyond 2^53')
    return apply(toFixed, this, [digits])
  } }.toFixed, writable: true, configurable: true, enumerable: false })

  for (const n of ['trim', 'trimStart', 'trimEnd']) { // goja's loses lone surrogates
    bounded(String.prototype, n, t => /[\ud800-\udfff]/.test(String(t)))
  }

  // --- JSON.stringify: goja's indents nested values too far
  const quoteString = JSON.stringify
  const isProto = [Number, String, Boolean]
  function stringify (value, replacer, space) {
    if (space instanceof Number) space = Number(space)
    else if (space instanceof String) space = String(space)
    const gap = typeof space === 'number' ? ' '.repeat(Math.max(0, Math.min(10, Math.trunc(space) || 0))) : typeof space === 'string' ? space.slice(0, 10) : ''
    const f = typeof replacer === 'function' ? replacer : null
    const list = Array.isArray(replacer) ? [...new Set(replacer.filter(k => ['string', 'number'].includes(typeof k) || k instanceof String || k instanceof Number).map(String))] : null
    const stack = []
    let count = 0
    const property = (holder, key, indent) => {
      let v = holder[key]
      if (++count > MAX) trap('a value of more than a million elements')
      if (v !== null && (typeof v === 'object' || typeof v === 'bigint') && typeof v.toJSON === 'function') v = v.toJSON(key)
      if (f) v = apply(f, holder, [key, v])
      for (const P of isProto) if (v instanceof P) v = P === Number ? Number(v) : P === String ? String(v) : P.prototype.valueOf.call(v)
      switch (typeof v) {
        case 'string': return quoteString(v)
        case 'number': return isFinite(v) ? String(v) : 'null'
        case 'boolean': return String(v)
        case 'bigint': throw new TypeError('Do not know how to serialize a BigInt')
        case 'object': return v === null ? 'null' : nested(v, indent)
      }
      return undefined
    }
    const nested = (v, outer) => {
      if (stack.includes(v)) throw new TypeError('Converting circular structure to JSON')
      stack.push(v)
      const indent = outer + gap
      let parts; let ends = '{}'
      if (Array.isArray(v)) {
        ends = '[]'
        parts = []
        if (v.length > MAX) trap('a value of more than a million elements')
        for (let i = 0; i < v.length; i++) parts.push(property(v, String(i), indent) || 'null')
      } else {
        parts = []
        for (const k of list || Object.keys(v)) {
          const text = property(v, k, indent)
          if (text !== undefined) parts.push(quoteString(k) + (gap ? ': ' : ':') + text)
        }
      }
      stack.pop()
      if (parts.length === 0) return ends
      return gap ? ends[0] + '\n' + indent + parts.join(',\n' + indent) + '\n' + outer + ends[1] : ends[0] + parts.join(',') + ends[1]
    }
    return property({ '': value }, '', '')
  }
  defineProperty(JSON, 'stringify', { value: stringify, writable: true, configurable: true, enumerable: false })

  // --- JSON.parse: goja's reads through Go's encoding/json, which has other
  // limits for numbers and surrogates
  const walk = (holder, key, reviver) => {
    const v = holder[key]
    if (v !== null && typeof v === 'object') {
      for (const k of Object.keys(v)) {
        const r = walk(v, k, reviver)
        if (r === undefined) delete v[k]
        else v[k] = r
      }
    }
    return apply(reviver, holder, [key, v])
  }
  const jsonParse = { parse (text, reviver) {
    const v = parse(`${text}`)
    return typeof reviver === 'function' ? walk({ '': v }, '', reviver) : v
  } }.parse
  defineProperty(JSON, 'parse', { value: jsonParse, writable: true, configurable: true, enumerable: false })

  // --- Buffer: what templates use of it
  function Buffer (value, encoding) {
    if (typeof value === 'number') trap('Buffer(number)')
    return Buffer.from(value, encoding)
  }
  const proto = Buffer.prototype = create(toBytes.prototype, { constructor: { value: Buffer, writable: true, configurable: true } })
  const wrap = u => setPrototypeOf(u, proto)
  const isBytes = v => v instanceof toBytes
  Buffer.from = function from (value, encoding, length) {
    if (typeof value === 'string') return wrap(new toBytes(decode(value, encoding === undefined || encoding === '' || typeof encoding !== 'string' ? 'utf8' : encoding)))
    if (isBytes(value) || Array.isArray(value)) return wrap(new toBytes(value))
    if (value !== null && typeof value === 'object') {
      if (value instanceof String) return Buffer.from(String(value), encoding)
      if (value.type === 'Buffer' && Array.isArray(value.data)) return wrap(new toBytes(value.data))
      trap('Buffer.from(object)')
    }
    throw new TypeError('The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object.')
  }
  Buffer.isBuffer = v => v instanceof Buffer
  Buffer.isEncoding = e => typeof e === 'string' && e.length > 0 && native.isEncoding(e)
  Buffer.byteLength = (v, e) => isBytes(v) ? v.length : Buffer.from(v, e).length
  Buffer.concat = (list, total) => {
    if (total !== undefined) trap('Buffer.concat with a length')
    let all = []
    for (const b of list) { if (!isBytes(b)) throw new TypeError('list'); all = all.concat([...b]) }
    return wrap(new toBytes(all))
  }
  Buffer.alloc = (n, fill) => { if (!(n >= 0 && n <= MAX) || fill !== undefined) trap('Buffer.alloc'); return wrap(new toBytes(n)) }
  trapped(Buffer, 'Buffer.', 'allocUnsafe allocUnsafeSlow compare poolSize transcode of')
  const clamp = (n, size, otherwise) => {
    n = n === undefined ? otherwise : Math.trunc(+n) || 0
    return n < 0 ? 0 : n > size ? size : n
  }
  const method = (name, f) => defineProperty(proto, name, { value: f, writable: true, configurable: true, enumerable: false })
  method('toString', function toString (encoding, start, end) {
    if (arguments.length > 1) {
      start = clamp(start, this.length, 0); end = clamp(end, this.length, this.length)
      if (end <= start) return ''
    } else { start = 0; end = this.length }
    return encode(this.buffer, this.byteOffset + start, end - start, encoding === undefined ? 'utf8' : `${encoding}`)
  })
  const sub = toBytes.prototype.subarray
  const slice = function (start, end) { return wrap(apply(sub, wrapPlain(this), [start, end])) }
  const wrapPlain = u => new toBytes(u.buffer, u.byteOffset, u.length)
  method('slice', slice)
  method('subarray', slice)
  method('toJSON', function toJSON () { return { type: 'Buffer', data: [...this] } })
  method('equals', function equals (o) { return this.length === o.length && [...this].every((b, i) => b === o[i]) })
  trapped(proto, 'Buffer.prototype.', 'write fill compare copy swap16 swap32 swap64 map filter indexOf lastIndexOf includes ' +
    'readUInt8 readUInt16BE readUInt16LE readUInt32BE readUInt32LE readInt8 readInt16BE readInt16LE readInt32BE readInt32LE ' +
    'writeUInt8 writeUInt16BE writeUInt16LE writeUInt32BE writeUInt32LE hexSlice utf8Slice asciiSlice latin1Slice base64Slice')
  defineProperty(G, 'Buffer', { value: Buffer, writable: true, configurable: true, enumerable: false })

  // --- lodash 4.17.21: hasIn and get (_castPath.js, _isKey.js, _stringToPath.js)
  const reIsDeepProp = /\.|\[(?:[^[\]]*|(["'])(?:(?!\1)[^\\]|\\.)*?\1)\]/
  const reIsPlainProp = /^\w*$/
  const rePropName = /[^.[\]]+|\[(?:(-?\d+(?:\.\d+)?)|(["'])((?:(?!\2)[^\\]|\\.)*?)\2)\]|(?=(?:\.|\[\])(?:\.|\[\]|$))/g
  const castPath = (value, object) => {
    value = value === null ? 'null' : value
    if (reIsPlainProp.test(value) || !reIsDeepProp.test(value) || (object != null && value in Object(object))) return [value]
    const path = []
    if (value.charCodeAt(0) === 46) path.push('')
    value.replace(rePropName, (match, number, quote, subString) => {
      path.push(quote ? subString.replace(/\\(\\)?/g, '$1') : (number || match))
    })
    return path
  }
  const lookup = (object, path) => {
    let index = 0
    const keys = castPath(path, object)
    for (; index < keys.length; index++) {
      if (object == null || !(keys[index] in Object(object))) return { found: false }
      object = object[keys[index]]
    }
    return { found: keys.length > 0, value: object }
  }

  // --- lib/backends/kv-backend.js
  const dataValue = (name, path, property, isBinary) => {
    let value = path ? native.getByPath() : native.get()
    if (property !== undefined) {
      let parsed
      try { parsed = JSON.parse(value) } catch (err) { return undefined }
      const r = lookup(parsed, property)
      if (!r.found) throw new Error(`Could not find property ${property}`)
      value = r.value
    }
    if (isBinary && typeof value === 'string') value = Buffer.from(value, 'base64')
    if (!path) return { [name]: value }
    const response = {}
    for (const record in value) response[record] = value[record]
    return response
  }
  const valueText = v => typeof v !== 'function' ? `${v}` : ours.has(v) ? `function ${v.name}() { [native code] }` : apply(functionText, v, [])
  const toBuffer = v => v instanceof Buffer ? v : Buffer.from(typeof v === 'object' ? JSON.stringify(v) : valueText(v), 'utf8')
  const jsonOrNothing = v => { try { return JSON.parse(v) } catch (err) { return undefined } }

  // What one item adds: [name, buffer, name, buffer, ...].
  function fetchOne (from, name, path, property, isBinary) {
    const plain = { ...(from ? jsonOrNothing(native.get()) : dataValue(name, path, property, isBinary)) }
    const out = []
    for (const k of Object.keys(plain)) out.push(k, toBuffer(plain[k]))
    return out
  }

  // --- lib/poller.js and lib/utils.js
  const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  const toText = v => { // _baseToString.js: null inside a list is "null"
    if (typeof v === 'string') return v
    if (Array.isArray(v)) return v.map(e => toText(e)) + ''
    if (typeof v === 'symbol') return v.toString()
    return v === 0 && 1 / v === -Infinity ? '-0' : v + ''
  }
  const escape = v => { const s = v == null ? '' : toText(v); return s && s.replace(/[&<>"']/g, c => escapes[c]) }
  const yaml = {}
  for (const n of ['dump', 'safeDump']) yaml[n] = function (v, o) { if (o !== undefined) trap('yaml.' + n + ' with options'); return native.dump(v, n) }
  for (const n of ['load', 'safeLoad']) yaml[n] = function (v, o) { if (o !== undefined) trap('yaml.' + n + ' with options'); return native.load(`${v}`) }
  trapped(yaml, 'yaml.', 'loadAll safeLoadAll dumpAll Type Schema FAILSAFE_SCHEMA JSON_SCHEMA CORE_SCHEMA DEFAULT_SAFE_SCHEMA DEFAULT_FULL_SCHEMA YAMLException')

  function render (entries, sources) {
    const data = Object.fromEntries(entries.map(([name, buffer]) => [name, buffer.toString('ascii')]))
    const templates = []
    for (const source of sources) {
      templates.push(OriginalFunction('yaml', '_', 'return ' + source)(yaml, { escape })(data))
    }
    return templates
  }
  return { fetchOne, render, jsonParse, bytes: b => wrap(new toBytes(b)) }
})
