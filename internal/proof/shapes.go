package proof

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Shape is a kind of value. Everyday shapes are those that a conversion must
// keep (issue 6): printable ASCII strings, JSON in strings, integers up to
// 2^53, booleans, compact objects without <>&, canonical base64 under
// isBinary. The others are named where they differ.
type Shape struct {
	Name     string
	Everyday bool
	// raw is JSON text of the value; "" takes the key away.
	raw string
}

const missing = ""

// printable is all of printable ASCII but what JSON would escape anyway.
const printable = `aZ09 !#$%()*+,-./:;=?@[]^_{|}~ "q" 'r' \ <b> & ` + "`" + ` {{ .x }} ${y}`

// jsonShapes are values of a property, or of a key of an object.
var jsonShapes = []Shape{
	{"text", true, `"s3cr3t-Value"`},
	{"text with blanks", true, `"hello world 42"`},
	{"text with punctuation", true, jsonString(printable)},
	{"text like a URL", true, `"postgres://user:p%40ss@db.example:5432/app?ssl=true&x=1"`},
	{"text like a number", true, `"1.50"`},
	{"text like a word of YAML", true, `"yes"`},
	{"JSON in a string", true, `"{\"user\":\"u\",\"n\":5}"`},
	{"integer 0", true, `0`},
	{"integer", true, `5432`},
	{"negative integer", true, `-7`},
	{"integer of eight digits", true, `12345678`},
	{"integer below 2^53", true, `9007199254740991`},
	{"integer 2^53", true, `9007199254740992`},
	{"true", true, `true`},
	{"false", true, `false`},
	{"compact object", true, `{"a":"x","b":{"c":1},"d":[1,"two",true]}`},
	{"empty text", false, `""`},
	{"text with line breaks", false, `"line 1\nline 2\r\n\n"`},
	{"text with control characters", false, `"a\tb\u0001c\u0000d\u007fe\bf\f"`},
	{"text outside ASCII", false, `"hé ß € Ünï 😀 ½"`},
	{"escaped text outside ASCII", false, `"h\u00e9 \ud83d\ude00"`},
	{"text with U+2028", false, `"a\u2028b\u2029c"`},
	{"text with blanks around", false, `"  s \n"`},
	{"lone surrogate", false, `"a\ud800b"`},
	{"escaped slash", false, `"a\/b"`},
	{"canonical base64", true, `"aGVsbG8="`},
	{"null", false, `null`},
	{"integer beyond 2^53", false, `9007199254740993`},
	{"huge integer", false, `12345678901234567890`},
	{"decimal", false, `1.5`},
	{"small decimal", false, `0.1`},
	{"decimal with zeros", false, `1.50`},
	{"whole decimal", false, `1.0`},
	{"number with exponent", false, `1E2`},
	{"number of 21 digits", false, `1e21`},
	{"tiny number", false, `1e-7`},
	{"negative zero", false, `-0`},
	{"number beyond doubles", false, `1e400`},
	{"empty object", false, `{}`},
	{"empty array", false, `[]`},
	{"compact array", false, `[1,"two",true]`},
	{"array with null and objects", false, `[null,{"b":2,"a":1.0}]`},
	{"object with blanks", false, "{ \"a\" : 1,\n  \"b\" : [1, 2] }"},
	{"object with unsorted keys", false, `{"b":1,"a":2}`},
	{"object with integer-like keys", false, `{"a":1,"10":2,"9":3}`},
	{"object with <>&", false, `{"a":"<x>&y"}`},
	{"object with repeated keys", false, `{"a":1,"b":2,"a":3}`},
	{"object with odd numbers", false, `{"a":1.0,"b":1e2,"c":12345678901234567890,"d":-0}`},
	{"object with escapes", false, `{"a":"\u00e9\/\u2028"}`},
	{"object with null", false, `{"a":null}`},
	{"missing", false, missing},
}

// base64Shapes are values under isBinary; only canonical base64 is everyday.
var base64Shapes = []Shape{
	{"canonical base64", true, `"aGVsbG8="`},
	{"canonical base64 without padding need", true, `"c2VjcmV0"`},
	{"canonical base64 of bytes", true, `"AP/+gA=="`},
	{"canonical base64 of text outside ASCII", true, jsonString(base64.StdEncoding.EncodeToString([]byte("hé\n")))},
	{"base64 with line breaks", false, `"aGVs\nbG8=\r\n"`},
	{"base64 without padding", false, `"aGVsbG8"`},
	{"URL-safe base64", false, `"-_-_"`},
	{"URL-safe base64 without padding", false, `"-_8"`},
	{"base64 with blanks", false, `" aGVs bG8="`},
	{"base64 with loose bits", false, `"aGVsbG9="`},
	{"base64 with junk", false, `"!!!aGV*sbG8=!!!"`},
	{"base64 after padding", false, `"YQ==YQ=="`},
	{"base64 with too much padding", false, `"aGVsbG8==="`},
	{"one character of base64", false, `"a"`},
	{"text that is no base64", false, `"hello world!"`},
	{"text of PEM", false, `"-----BEGIN X-----\naGVsbG8=\n-----END X-----\n"`},
}

// binaryJSONShapes: every shape of a property under isBinary.
func binaryJSONShapes() []Shape {
	out := base64Shapes
	for _, s := range jsonShapes {
		if s.Name != "canonical base64" {
			s.Name, s.Everyday = s.Name+" under isBinary", false
			out = append(out, s)
		}
	}
	return out
}

// textShapes are whole stored values: what the JSON strings say, and numbers
// and objects as text.
func textShapes(from []Shape) []Shape {
	var out []Shape
	for _, s := range from {
		text, ok := unquoteJSON(s.raw)
		switch {
		case ok:
			s.raw = text
		case s.raw == missing, s.Name == "lone surrogate":
			continue
		default:
			s.Name += " as text"
		}
		if s.Name != "lone surrogate" && s.Name != "escaped slash" {
			out = append(out, s)
		}
	}
	return append(out, Shape{"bytes that aren't UTF-8", false, "a\xff\xfe\xe2\x82b\x80"}, Shape{"byte order mark", false, "\ufeff{\"a\":1}"})
}

func jsonString(s string) string {
	b, _ := marshalRaw(s)
	return string(b)
}

// unquoteJSON gives the text of a JSON string.
func unquoteJSON(raw string) (string, bool) {
	if !strings.HasPrefix(raw, `"`) {
		return "", false
	}
	var s string
	err := json.Unmarshal([]byte(raw), &s)
	return s, err == nil
}
