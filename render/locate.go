package render

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"sort"
	"strconv"

	"go.yaml.in/yaml/v3"
)

var errNoKind = errors.New("an object without a kind")

// locateYAML gives err, which has no place or one relative to its document,
// its place in the file.
func locateYAML(name string, text []byte, err error) error {
	if e := brokenYAML(name, text); e != nil {
		return e
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		if d.Decode(&doc) != nil {
			return &Error{File: name, Err: err}
		}
		if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
			continue
		}
		top := doc.Content[0]
		if top.Kind != yaml.MappingNode {
			return &Error{File: name, Line: top.Line, Column: top.Column, Err: errors.New("not an object, but " + kindName(top))}
		}
		if k := value(top, "kind"); k == nil || k.Value == "" {
			return &Error{File: name, Line: top.Line, Column: top.Column, Err: errNoKind}
		}
	}
}

// brokenYAML is the place where text stops to be YAML, or nil.
func brokenYAML(name string, text []byte) *Error {
	line, reason := yamlError(text)
	if reason == "" {
		return nil
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	// The parser names the line where the collection around the mistake began,
	// or the next one, or the one before. The shortest text with the same
	// mistake ends in its line.
	if len(text) < 1<<20 {
		line = 1 + sort.Search(len(lines)-1, func(i int) bool {
			_, r := yamlError(bytes.Join(lines[:i+1], nil))
			return r == reason
		})
	}
	e := &Error{File: name, Line: line, Err: errors.New("parse YAML: " + reason)}
	if line <= len(lines) {
		l := lines[line-1]
		e.Column = 1 + len(l) - len(bytes.TrimLeft(l, " "))
	}
	return e
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlError is what the parser has to say against text, "" if nothing, and
// the line that it names.
func yamlError(text []byte) (line int, reason string) {
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		err := d.Decode(&doc)
		if err == io.EOF {
			return 0, ""
		}
		if err != nil {
			m := yamlLine.FindStringSubmatch(err.Error())
			if m == nil {
				return 1, err.Error()
			}
			line, _ = strconv.Atoi(m[1])
			return max(line, 1), err.Error()[len(m[0]):]
		}
	}
}

func kindName(n *yaml.Node) string {
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	return "a single value"
}

// value is the value of a key of a mapping, or nil.
func value(m *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}
