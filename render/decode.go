package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
)

// toUTF8 decodes UTF-16 that says so with a byte order mark; all else is what
// it is. Source: TomOnTime/utfutil, which Argo CD reads files with.
func toUTF8(b []byte) []byte {
	if len(b) < 2 {
		return b
	}
	var unit func(i int) uint16
	switch {
	case b[0] == 0xff && b[1] == 0xfe:
		unit = func(i int) uint16 { return uint16(b[i]) | uint16(b[i+1])<<8 }
	case b[0] == 0xfe && b[1] == 0xff:
		unit = func(i int) uint16 { return uint16(b[i])<<8 | uint16(b[i+1]) }
	default:
		return b
	}
	units := make([]uint16, 0, len(b)/2)
	for i := 2; i+1 < len(b); i += 2 {
		units = append(units, unit(i))
	}
	out := make([]byte, 0, len(units))
	for _, r := range utf16.Decode(units) {
		out = utf8.AppendRune(out, r)
	}
	if len(b)%2 == 1 {
		out = utf8.AppendRune(out, utf8.RuneError)
	}
	return out
}

var utf8BOM = []byte("\xef\xbb\xbf")

// isManifest says whether Argo CD would take objects from a file, and fails
// where it would fail. It uses the decoder that Argo CD uses: where documents
// end and what is YAML at all is this decoder's opinion.
func isManifest(name string, data []byte) (bool, error) {
	text := bytes.TrimPrefix(data, utf8BOM)
	if strings.HasSuffix(name, ".json") {
		return true, checkJSON(name, text)
	}
	d := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for n := 0; ; {
		u := &unstructured.Unstructured{}
		err := d.Decode(&u)
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			// A values file, a CI file and the like: nothing that claims to be an
			// object. Not so after a good document: somebody broke this one.
			if n == 0 && !claimsObject(text) {
				return false, nil
			}
			return false, locateYAML(name, text, err)
		}
		if u != nil {
			n++
		}
	}
}

func claimsObject(text []byte) bool {
	return bytes.Contains(text, []byte("apiVersion:")) &&
		bytes.Contains(text, []byte("kind:")) &&
		bytes.Contains(text, []byte("metadata:"))
}

// checkJSON holds a .json file to one object.
func checkJSON(name string, text []byte) error {
	fail := func(off int64, err error) error {
		line, col := lineCol(text, off)
		return &Error{File: name, Line: line, Column: col, Err: err}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var u unstructured.Unstructured
	if err := d.Decode(&u); err != nil {
		var se *json.SyntaxError
		switch {
		case errors.As(err, &se):
			return fail(se.Offset, fmt.Errorf("parse JSON: %w", err))
		case errors.Is(err, io.EOF):
			return &Error{File: name, Err: errors.New("parse JSON: the file is empty")}
		}
		if u.Object != nil && u.GetKind() == "" {
			return fail(1, errNoKind)
		}
		return fail(1, fmt.Errorf("parse JSON: %w", err))
	}
	if d.More() {
		rest := text[d.InputOffset():]
		off := int64(len(text)-len(bytes.TrimLeft(rest, " \t\r\n"))) + 1
		return fail(off, errors.New("more than one object: Argo CD takes only one from a .json file"))
	}
	return nil
}

// lineCol gives the place of the byte before offset off, counting from 1.
func lineCol(text []byte, off int64) (line, col int) {
	off = min(max(off-1, 0), int64(len(text)))
	before := text[:off]
	line = 1 + bytes.Count(before, []byte("\n"))
	return line, 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
}
