package lodash

import (
	"fmt"
	"strings"

	"github.com/dop251/goja/ast"
)

type kind int

const (
	kConst   kind = iota // known now: c
	kStr                 // go: a Go string
	kInt                 // go: a Go integer
	kBool                // go: a Go bool
	kJSON                // go (with path): what JSON.parse gave, of any type
	kList                // go: a []string, or what sprig makes of one
	kCat                 // parts, joined
	kLazy                // print writes it; each branch is a string unless text is false
	kB64                 // parts[0] in base64
	kBuffer              // a Buffer with the UTF-8 bytes of parts[0]
	kEntries             // Object.entries, keys or values of parts[0]: which says
	kPair                // one of Object.entries: parts
	kMapped              // list.map(callback)
	kObject              // an object or array literal: node
)

// value is a JavaScript value, as the Go template sees it.
type value struct {
	kind  kind
	c     any // string, float64, bool, nil (null) or undefined{}
	go_   string
	key   string // kStr: data's key, not yet folded
	maybe bool   // kStr: undefined if the key isn't fetched
	wide  bool   // kStr: may hold other than ASCII for ASCII values
	path  []step // kJSON
	raw   *value // kJSON: the text that JSON.parse read, path below it
	below []step // kJSON: path from raw
	root  bool   // kJSON: JSON.parse's own result, never undefined
	parts []value
	node  ast.Expression
	which string
	write func(m mode)
	text  bool // kLazy: always a string
	call  *callback
	bytes bool // kBuffer: decoded, perhaps no UTF-8
}

type undefined struct{}

// step is a property name or an array index, in Go's syntax.
type step struct {
	operand string
	name    string // constant property name
	array   bool
}

// mode: how null and undefined print.
type mode int

const (
	interpolated mode = iota // lodash: ""
	concatenated             // String(): "null", "undefined"
)

func constant(c any) value { return value{kind: kConst, c: c} }

func str(pipeline string) value { return value{kind: kStr, go_: pipeline} }

// isText: certainly a JavaScript string.
func (v value) isText() bool {
	switch v.kind {
	case kStr, kCat, kB64:
		return true
	case kConst:
		_, ok := v.c.(string)
		return ok
	case kLazy:
		return v.text
	}
	return false
}

// isWide: may hold other than ASCII although all values of data are ASCII.
func (v value) isWide() bool {
	switch v.kind {
	case kConst:
		s, _ := v.c.(string)
		return !isASCII(s)
	case kJSON, kLazy, kMapped:
		return true
	}
	for _, p := range v.parts {
		if p.isWide() {
			return true
		}
	}
	return v.wide
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 0x7F })
}

// data reads data[key].
func (t *translator) data(n ast.Node, key string) value {
	known, sure := true, true
	if t.target.Fetched != nil {
		known, sure = t.target.Fetched(key)
	}
	if key == "__proto__" || inherited[key] && !(known && sure) {
		t.refuse(n, "%s is what every JavaScript object inherits", key)
	}
	if !known {
		return constant(undefined{})
	}
	return value{kind: kStr, key: key, maybe: !sure}
}

// inherited: names that `in` finds on every object, array or string.
var inherited = map[string]bool{
	"constructor": true, "toString": true, "toLocaleString": true, "valueOf": true, "hasOwnProperty": true,
	"isPrototypeOf": true, "propertyIsEnumerable": true, "__proto__": true, "__defineGetter__": true,
	"__defineSetter__": true, "__lookupGetter__": true, "__lookupSetter__": true,
}

// dot names data, which loops rebind.
func (t *translator) dot() string {
	if t.ranges > 0 {
		return "$"
	}
	return "."
}

// field names a key of data. ESO's missingkey=error doesn't reach index.
func (t *translator) field(key string, missing bool) string {
	if goName.MatchString(key) && !missing {
		return strings.TrimSuffix(t.dot(), ".") + "." + key
	}
	return fmt.Sprintf("index %s %s", t.dot(), quote(key))
}

const foldNote = "other than ASCII is kept as UTF-8; KES takes the high bit off each byte"

// read gives the Go pipeline of a key of data, folded where that is asked for.
// missing: a key that isn't there may read as "".
func (t *translator) read(v value, missing bool) string {
	missing = missing && v.maybe
	if v.maybe && !missing {
		t.note(MissingKey, v.key, "where the key is not fetched ESO fails; KES goes on with undefined")
		if t.target.Exact || !goName.MatchString(v.key) {
			t.failIf(fmt.Sprintf("not (hasKey (fromJson (toRawJson %s)) %s)", t.dot(), quote(v.key)), v.key+" is not fetched")
			missing = true
		}
	}
	if !t.target.Exact {
		t.note(NonASCII, v.key, foldNote)
		return t.field(v.key, missing)
	}
	if name, ok := t.folded[v.key]; ok {
		return name
	}
	name := t.variable(v.key)
	t.folded[v.key] = name
	field, each := "."+v.key, "$."+v.key
	if !goName.MatchString(v.key) || v.maybe {
		field, each = fmt.Sprintf("(index . %s)", quote(v.key)), fmt.Sprintf("(index $ %s)", quote(v.key))
	}
	t.folds = append(t.folds, fmt.Sprintf(`{{ %s := "" }}{{ range $i := until (len %s) }}{{ %s = printf "%%s%%c" %s (mod (index %s $i) 128) }}{{ end }}`, name, field, name, name, each))
	return name
}
