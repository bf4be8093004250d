// Package lodash reads the two small languages that kubernetes-external-secrets
// takes from lodash 4.17.21: property paths (`data[].property`, by _.hasIn and
// _.get) and template strings (`template`, by lodash/template).
//
// # How lodash looks a path up
//
// _.hasIn(object, path) and _.get(object, path) cast the path in _castPath.js:
//
//   - if [IsKey] says that it can't be a path (_isKey.js: reIsPlainProp,
//     reIsDeepProp), or if `path in Object(object)`, the whole text is one key
//     of the top-level value;
//   - else [Path] gives its segments, read one below the other. No further
//     literal lookup happens below the top.
//
// So a literal top-level key "a.b" wins over a nested a → b. `in` also sees what
// an object inherits: `length` of an array or a string, `constructor` and
// `toString` of everything, and a string's characters by their index. With no
// segments at all (`[[]]`) nothing is ever found.
//
// # How a template is translated
//
// [Translate] builds the JavaScript function that lodash compiles a text to, has
// goja's parser read it, and writes statements and expressions as a Go template
// for ESO's engine v2. Where types aren't known and matter, the Go template gets a
// guard that fails, or the expression is refused: ESO never writes other bytes than
// KES, but for the values that a [Note] names.
package lodash
