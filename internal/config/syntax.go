package config

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"kesbridge/internal/manifest"
)

// lineBreak is what YAML's reader counts lines by.
var lineBreak = regexp.MustCompile("\r\n|[\n\r\u0085\u2028\u2029]")

// checkBytes finds what YAML's reader refuses, since it doesn't say where.
func checkBytes(name string, data []byte) error {
	text := string(bytes.TrimPrefix(data, []byte("\ufeff")))
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		msg := ""
		switch {
		case r == utf8.RuneError && size == 1:
			msg = "not UTF-8 text"
		case !printable(r):
			msg = "control character " + strconv.QuoteRune(r)
		}
		if msg != "" {
			lines := lineBreak.Split(text[:i], -1)
			column := 1 + utf8.RuneCountInString(lines[len(lines)-1])
			return &Error{Pos: manifest.Pos{File: name, Line: len(lines), Column: column}, Message: msg}
		}
		i += size
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
	lines := lineBreak.Split(string(data), -1)
	line, _ := strconv.Atoi(m[1]) // no line is the first one
	for _, msg := range parserMessages {
		if strings.HasPrefix(m[2], msg) {
			line++
		}
	}
	if a := unknownAnchor.FindStringSubmatch(m[2]); a != nil {
		if i := strings.Index(string(data), "*"+a[1]); i >= 0 {
			line = len(lineBreak.Split(string(data[:i]), -1))
		}
	}
	e.Pos.Line = min(max(line, 1), len(lines))
	text := []rune(lines[e.Pos.Line-1])
	for e.Pos.Column <= len(text) && strings.ContainsRune(" \t\r", text[e.Pos.Column-1]) {
		e.Pos.Column++
	}
	return e
}
