package proof

import (
	"fmt"
	"text/template"
)

// growing are functions whose text may be several times as long as what they
// get, so that a loop over one takes all memory. The built-in ones among them
// are put in the set again, bounded.
var (
	growing = []string{
		"quote", "squote", "toJson", "toRawJson", "toPrettyJson", "toYaml", "b64enc", "b32enc", "cat", "replace",
	}
	growingBuiltins = template.FuncMap{
		"print": boundText("print", fmt.Sprint), "printf": boundText("printf", fmt.Sprintf), "println": boundText("println", fmt.Sprintln),
		"html": boundText("html", template.HTMLEscaper), "js": boundText("js", template.JSEscaper), "urlquery": boundText("urlquery", template.URLQueryEscaper),
	}
)

// boundText has a function refuse texts that are together longer than what a
// template may print. Functions of other types are left alone.
func boundText(name string, f any) any {
	long := &unsureError{why: "ESO's template builds too much with " + name, fatal: true}
	switch f := f.(type) {
	case func(...any) string:
		return func(args ...any) (string, error) {
			if textLen(args...) > maxOutput {
				return "", long
			}
			return f(args...), nil
		}
	case func(string, ...any) string:
		return func(format string, args ...any) (string, error) {
			if len(format)+textLen(args...) > maxOutput {
				return "", long
			}
			return f(format, args...), nil
		}
	case func(any) string:
		return func(v any) (string, error) {
			if textLen(v) > maxOutput {
				return "", long
			}
			return f(v), nil
		}
	case func(string) string:
		return func(s string) (string, error) {
			if len(s) > maxOutput {
				return "", long
			}
			return f(s), nil
		}
	case func(string, string, string) string: // replace
		return func(from, to, s string) (string, error) {
			if len(s) > maxOutput || len(s)*len(to) > 16*maxBuilt {
				return "", long
			}
			return f(from, to, s), nil
		}
	}
	return f
}

func textLen(args ...any) int {
	n := 0
	for _, a := range args {
		if s, ok := a.(string); ok {
			n += len(s)
		}
	}
	return n
}
