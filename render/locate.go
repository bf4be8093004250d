package render

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var errNoKind = errors.New("an object without a kind")

// locateYAML gives err, which has no place or one relative to its document,
// its place in the file.
func locateYAML(name string, text []byte, err error) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var doc yaml.Node
		switch derr := d.Decode(&doc); {
		case derr == io.EOF:
			return &Error{File: name, Err: err}
		case derr != nil:
			return placeYAML(name, text, derr)
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

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// placeYAML turns the parser's "yaml: line N: reason" into a place. It says no
// column: what stands first on the line is where people look.
func placeYAML(name string, text []byte, err error) error {
	msg := err.Error()
	m := yamlLine.FindStringSubmatch(msg)
	if m == nil {
		return &Error{File: name, Err: fmt.Errorf("parse YAML: %w", err)}
	}
	line, _ := strconv.Atoi(m[1])
	line = max(line, 1)
	e := &Error{File: name, Line: line, Err: errors.New("parse YAML: " + msg[len(m[0]):])}
	lines := strings.SplitAfterN(string(text), "\n", line+1)
	if line <= len(lines) {
		l := lines[line-1]
		e.Column = 1 + len(l) - len(strings.TrimLeft(l, " "))
	}
	return e
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
