package render

import (
	"bytes"
	"fmt"
)

// maxJsonnet caps a file that jsonnet imports, and maxNesting what it nests:
// the parser calls itself for all that nests, and at the end of its stack the
// whole process dies, which nothing recovers from (measured with go-jsonnet
// 0.22: about 15,000 open brackets, or a chain of 300,000 operators). Real code
// stays below 1,000.
const (
	maxJsonnet = 4 << 20
	maxNesting = 50_000
	bracket    = 10 // as much stack as that many tokens
)

// checkNesting fails if text nests too much for the parser. It bounds it from
// above: in each bracket that is open, all tokens since the last comma may be
// one in another, as in "local a = 1; local b = 2; !x + y".
func checkNesting(text []byte) error {
	if len(text) > maxJsonnet {
		return fmt.Errorf("larger than %d bytes", maxJsonnet)
	}
	open := []int{0} // tokens since the last comma, for each open bracket
	total := 0
	for i := 0; i < len(text); {
		c, width := text[i], tokenWidth(text[i:])
		i += width
		top := len(open) - 1
		switch c {
		case ' ', '\t', '\r', '\n', '#':
			continue
		case '(', '[', '{':
			open = append(open, 0)
			total += bracket
		case ')', ']', '}':
			if top > 0 {
				total -= open[top] + bracket
				open = open[:top]
				open[top-1]++ // "{}{}" applies one to the other
				total++
			}
		case ',':
			total -= open[top]
			open[top] = 0
		default:
			if c == '/' && width > 1 {
				continue // a comment
			}
			open[top]++
			total++
		}
		if total > maxNesting {
			return fmt.Errorf("nested too deeply for jsonnet, at byte %d", i)
		}
	}
	return nil
}

// tokenWidth is the width of the token at the start of text: all of a string or
// comment, else one character, or a word.
func tokenWidth(text []byte) int {
	until := func(skip int, end string) int {
		if j := bytes.Index(text[skip:], []byte(end)); j >= 0 {
			return skip + j + len(end)
		}
		return len(text)
	}
	switch c := text[0]; {
	case c == '#', bytes.HasPrefix(text, []byte("//")):
		return until(1, "\n")
	case bytes.HasPrefix(text, []byte("/*")):
		return until(2, "*/")
	case bytes.HasPrefix(text, []byte("|||")):
		return until(3, "|||")
	case c == '@' && len(text) > 1 && (text[1] == '"' || text[1] == '\''):
		// Doubled quotes are the next string, for what is counted here.
		return until(2, string(text[1]))
	case c == '"', c == '\'':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case c:
				return i + 1
			}
		}
		return len(text)
	}
	i := 0
	for i < len(text) && isWord(text[i]) {
		i++
	}
	return max(i, 1)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
