package manifest

import (
	"bytes"
	"encoding/json"
	"iter"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// The functions here take JSON that a jsonScanner has found valid.

type jsonMember struct {
	key   string
	value span
}

// jsonMembers gives the members of the object in a span.
func jsonMembers(b []byte, s span) iter.Seq[jsonMember] {
	return func(yield func(jsonMember) bool) {
		for i := jsonBlank(b, s.start+1); b[i] != '}'; {
			end := jsonEnd(b, i)
			key := jsonText(b, span{i, end})
			i = jsonBlank(b, jsonBlank(b, end)+1) // the colon
			end = jsonEnd(b, i)
			if !yield(jsonMember{key, span{i, end}}) {
				return
			}
			if i = jsonBlank(b, end); b[i] == ',' {
				i = jsonBlank(b, i+1)
			}
		}
	}
}

// jsonItems gives the items of the array in a span.
func jsonItems(b []byte, s span) iter.Seq[span] {
	return func(yield func(span) bool) {
		for i := jsonBlank(b, s.start+1); b[i] != ']'; {
			end := jsonEnd(b, i)
			if !yield(span{i, end}) {
				return
			}
			if i = jsonBlank(b, end); b[i] == ',' {
				i = jsonBlank(b, i+1)
			}
		}
	}
}

// jsonText gives the string in a span, "" if it is another value.
func jsonText(b []byte, s span) string {
	if b[s.start] != '"' {
		return ""
	}
	raw := b[s.start+1 : s.end-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return validUTF8(string(raw))
	}
	var v string
	if err := json.Unmarshal(b[s.start:s.end], &v); err != nil {
		return ""
	}
	return v
}

// jsonBlank skips blanks and line breaks.
func jsonBlank(b []byte, i int) int {
	for b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t' {
		i++
	}
	return i
}

// jsonEnd gives the end of the value at i.
func jsonEnd(b []byte, i int) int {
	switch b[i] {
	case '"':
		return jsonStringEnd(b, i)
	case '{', '[':
		for depth := 0; ; i++ {
			switch b[i] {
			case '"':
				i = jsonStringEnd(b, i) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return i + 1
				}
			}
		}
	}
	for i < len(b) && bytes.IndexByte([]byte(" \t\r\n,]}"), b[i]) < 0 {
		i++
	}
	return i
}

func jsonStringEnd(b []byte, i int) int {
	for i++; ; i++ {
		i += bytes.IndexByte(b[i:], '"')
		n := 0
		for b[i-1-n] == '\\' {
			n++
		}
		if n%2 == 0 {
			return i + 1
		}
	}
}

// jsonNode makes the node that the YAML parser would make of the JSON value
// in b, but by JSON's rules for strings.
func jsonNode(b []byte) *yaml.Node {
	r := jsonReader{b: b, line: 1, col: 1}
	n, _ := r.node(0)
	return n
}

// jsonReader knows the line and column of a place; it only moves forward.
type jsonReader struct {
	b         []byte
	off       int
	line, col int
}

// node reads the value at i and gives its end.
func (r *jsonReader) node(i int) (n *yaml.Node, end int) {
	r.moveTo(i)
	n = &yaml.Node{Line: r.line, Column: r.col}
	switch r.b[i] {
	case '{':
		n.Kind, n.Tag, n.Style = yaml.MappingNode, "!!map", yaml.FlowStyle
		return n, r.children(n, i, '}')
	case '[':
		n.Kind, n.Tag, n.Style = yaml.SequenceNode, "!!seq", yaml.FlowStyle
		return n, r.children(n, i, ']')
	}
	n.Kind = yaml.ScalarNode
	end = jsonEnd(r.b, i)
	n.Value = string(r.b[i:end])
	switch c := r.b[i]; {
	case c == '"':
		n.Tag, n.Style = "!!str", yaml.DoubleQuotedStyle
		n.Value = jsonText(r.b, span{i, end})
	case c == 't' || c == 'f':
		n.Tag = "!!bool"
	case c == 'n':
		n.Tag = "!!null"
	case strings.ContainsAny(n.Value, ".eE"):
		n.Tag = "!!float"
	default:
		n.Tag = "!!int"
	}
	return n, end
}

// children reads what is between brackets; commas and colons alike only
// stand between one value and the next.
func (r *jsonReader) children(n *yaml.Node, i int, closing byte) (end int) {
	for i = jsonBlank(r.b, i+1); r.b[i] != closing; {
		child, end := r.node(i)
		n.Content = append(n.Content, child)
		if i = jsonBlank(r.b, end); r.b[i] == ',' || r.b[i] == ':' {
			i = jsonBlank(r.b, i+1)
		}
	}
	return i + 1
}

func (r *jsonReader) moveTo(off int) {
	for _, c := range r.b[r.off:off] {
		if c == '\n' {
			r.line++
			r.col = 1
		} else if utf8.RuneStart(c) {
			r.col++
		}
	}
	r.off = off
}

// unreadable gives the index of the first byte that YAML doesn't allow, -1 if
// there is none.
func unreadable(b []byte) int {
	for i := 0; i < len(b); {
		c, n := utf8.DecodeRune(b[i:])
		switch {
		case c == utf8.RuneError && n == 1,
			c < 0x20 && c != '\t' && c != '\n' && c != '\r',
			0x7f <= c && c < 0xa0 && c != 0x85,
			c == 0xfffe || c == 0xffff:
			return i
		}
		i += n
	}
	return -1
}
