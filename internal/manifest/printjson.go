package manifest

import (
	"fmt"
	"unicode/utf8"
)

// PrintJSON prints an object as JSON, keys in their order, without a line
// break at the end. An empty indent gives one line without any blanks. It is
// valid YAML too. Bytes that are no UTF-8 become U+FFFD. It panics as PrintYAML
// does.
func PrintJSON(m Map, indent string) []byte {
	return printJSON(nil, m, indent, "")
}

func printJSON(out []byte, v any, indent, before string) []byte {
	switch v := v.(type) {
	case string:
		return quote(out, v, false)
	case []string:
		return printJSON(out, anys(v), indent, before)
	case Map:
		if len(v) == 0 {
			return append(out, "{}"...)
		}
		out = append(out, '{')
		for i, f := range v {
			out = jsonBreak(out, i, indent, before+indent)
			out = append(quote(out, f.Key, false), ':')
			if indent != "" {
				out = append(out, ' ')
			}
			out = printJSON(out, f.Value, indent, before+indent)
		}
		return append(jsonBreak(out, 0, indent, before), '}')
	case []any:
		if len(v) == 0 {
			return append(out, "[]"...)
		}
		out = append(out, '[')
		for i, e := range v {
			out = jsonBreak(out, i, indent, before+indent)
			out = printJSON(out, e, indent, before+indent)
		}
		return append(jsonBreak(out, 0, indent, before), ']')
	}
	return append(out, bare(v)...)
}

func jsonBreak(out []byte, i int, indent, before string) []byte {
	if i > 0 {
		out = append(out, ',')
	}
	if indent != "" {
		out = append(append(out, '\n'), before...)
	}
	return out
}

// quote appends a string in double quotes, with the escapes that JSON and
// YAML share, or YAML's own where wanted.
func quote(out []byte, s string, yaml bool) []byte {
	out = append(out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r == '\n':
			out = append(out, `\n`...)
		case r == '\t':
			out = append(out, `\t`...)
		case r == '\r':
			out = append(out, `\r`...)
		case plainRune(r) || r == utf8.RuneError:
			out = utf8.AppendRune(out, r)
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		case yaml:
			out = fmt.Appendf(out, `\U%08x`, r)
		default:
			// YAML has no surrogate pairs, and JSON no other escape: the
			// character itself is allowed in both.
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}
