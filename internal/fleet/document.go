package fleet

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"bytes"
	"strings"

	"kesbridge/internal/argocd"
)

// documents cuts the data; each keeps its line numbers.
func (t *file) documents() []document {
	var out []document
	start, line, first := 0, 0, 0
	cut := func(end int) {
		if end > start {
			out = append(out, append(bytes.Repeat([]byte("\n"), first), t.data[start:end]...))
		}
		start, first = end, line
	}
	at := 0
	for l := range bytes.Lines(t.data) {
		if rest, ok := bytes.CutPrefix(l, []byte("---")); ok && (len(rest) == 0 || strings.ContainsRune(" \t\r\n", rune(rest[0]))) {
			cut(at)
		}
		at += len(l)
		line++
	}
	cut(len(t.data))
	return out
}

// firstHead is the head of a document; nil if it has none.
func firstHead(doc document) *head {
	t := &file{data: doc}
	t.scan()
	if len(t.heads) == 0 {
		return nil
	}
	return &t.heads[0]
}

func mentions(doc document, word string) bool {
	return bytes.Contains(doc, []byte(argocd.Group)) && bytes.Contains(doc, []byte(word))
}

// uncommented leaves out lines that are comments.
func uncommented(doc document) []byte {
	var out []byte
	for l := range bytes.Lines(doc) {
		if !bytes.HasPrefix(bytes.TrimLeft(l, " \t"), []byte("#")) {
			out = append(out, l...)
		}
	}
	return out
}

// decode is yaml.Unmarshal for what anybody may have written: the parser has
// met input before that it can't take.
func decode(data []byte, into any) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the YAML parser gave up: %v", p)
		}
	}()
	return yaml.Unmarshal(data, into)
}
