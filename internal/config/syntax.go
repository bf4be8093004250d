package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"kesbridge/internal/manifest"
)

// checkBytes finds what YAML's reader refuses, since it doesn't say where.
func checkBytes(name string, data []byte) error {
	text := bytes.TrimPrefix(data, []byte("\ufeff"))
	line, column := 1, 1
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		msg := ""
		switch {
		case r == utf8.RuneError && size == 1:
			msg = "not UTF-8 text"
		case !printable(r):
			msg = "control character " + strconv.QuoteRune(r)
		}
		if msg != "" {
			return &Error{Pos: manifest.Pos{File: name, Line: line, Column: column}, Message: msg}
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
		text = text[size:]
	}
	return nil
}

// printable is YAML 1.2's c-printable, without a byte order mark inside the
// text.
func printable(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r', r == 0x85:
		return true
	case r < 0x20, r >= 0x7f && r < 0xa0, r == 0xfeff, r == 0xfffe, r == 0xffff:
		return false
	}
	return true
}

var (
	yamlError     = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?((?s:.*))$`)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '([^']*)' referenced`)
)

// parserMessages begin the messages whose line go.yaml.in/yaml/v3 gives one
// too low: it counts from 0 and adds 1 for its scanner only (decode.go, fail).
var parserMessages = []string{
	"did not find expected <document", "did not find expected node content", "did not find expected '-' indicator",
	"did not find expected key", "did not find expected ',' or", "found undefined tag handle", "found duplicate %", "found incompatible YAML",
}

// syntaxError gives broken YAML a place. The library knows the line, at best;
// the column is that of the first text in it.
func syntaxError(name string, data []byte, err error) *Error {
	e := &Error{Pos: manifest.Pos{File: name, Line: 1, Column: 1}, Message: err.Error()}
	m := yamlError.FindStringSubmatch(err.Error())
	if m == nil {
		return e
	}
	e.Message = "not valid YAML: " + m[2]
	lines := strings.Split(string(data), "\n")
	line, _ := strconv.Atoi(m[1]) // no line is the first one
	for _, msg := range parserMessages {
		if strings.HasPrefix(m[2], msg) {
			line++
		}
	}
	if a := unknownAnchor.FindStringSubmatch(m[2]); a != nil {
		if i := strings.Index(string(data), "*"+a[1]); i >= 0 {
			line = 1 + strings.Count(string(data[:i]), "\n")
		}
	}
	e.Pos.Line = min(max(line, 1), len(lines))
	text := []rune(lines[e.Pos.Line-1])
	for e.Pos.Column <= len(text) && strings.ContainsRune(" \t\r", text[e.Pos.Column-1]) {
		e.Pos.Column++
	}
	return e
}
