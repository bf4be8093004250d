package manifest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// PrintYAML prints an object as people and kubectl write it: block style, two
// spaces, the items of a list at the indentation of its key. A string is
// printed plain only if every reader of YAML 1.1 and 1.2 takes it for that
// string. Bytes that are no UTF-8 become U+FFFD, as in encoding/json.
//
// It panics on a value that Map doesn't allow: that is a mistake in the
// program, and printing something else would hide it.
func PrintYAML(m Map) []byte {
	var p yamlPrinter
	if len(m) == 0 {
		return []byte("{}\n")
	}
	p.mapping(m, 0, true)
	return p.out
}

type yamlPrinter struct{ out []byte }

func (p *yamlPrinter) indent(n int) {
	for range n {
		p.out = append(p.out, ' ')
	}
}

func (p *yamlPrinter) add(s string) { p.out = append(p.out, s...) }

// mapping prints the keys of a map that isn't empty; the first one continues
// the current line. last tells that nothing is printed after it.
func (p *yamlPrinter) mapping(m Map, depth int, last bool) {
	for i, f := range m {
		if i > 0 {
			p.indent(depth)
		}
		p.add(yamlScalar(f.Key))
		p.add(":")
		p.value(f.Value, depth, last && i == len(m)-1)
	}
}

// value prints what stands behind the colon of a key at a depth.
func (p *yamlPrinter) value(v any, depth int, last bool) {
	switch v := v.(type) {
	case Map:
		if len(v) > 0 {
			p.add("\n")
			p.indent(depth + 2)
			p.mapping(v, depth+2, last)
			return
		}
		p.add(" {}\n")
	case []any:
		if len(v) > 0 {
			p.add("\n")
			p.indent(depth)
			p.sequence(v, depth, last)
			return
		}
		p.add(" []\n")
	case []string:
		p.value(anys(v), depth, last)
	default:
		p.add(" ")
		p.scalar(v, depth+2, last)
	}
}

// sequence prints the items of a list that isn't empty; the first dash
// continues the current line.
func (p *yamlPrinter) sequence(list []any, depth int, last bool) {
	for i, v := range list {
		if i > 0 {
			p.indent(depth)
		}
		p.add("- ")
		p.item(v, depth, last && i == len(list)-1)
	}
}

func (p *yamlPrinter) item(v any, depth int, last bool) {
	switch v := v.(type) {
	case Map:
		if len(v) > 0 {
			p.mapping(v, depth+2, last)
			return
		}
		p.add("{}\n")
	case []any:
		if len(v) > 0 {
			p.sequence(v, depth+2, last)
			return
		}
		p.add("[]\n")
	case []string:
		p.item(anys(v), depth, last)
	default:
		p.scalar(v, depth+2, last)
	}
}

// scalar prints a scalar and ends the line; more lines of it are indented.
func (p *yamlPrinter) scalar(v any, depth int, last bool) {
	s, isString := v.(string)
	if !isString {
		p.add(bare(v) + "\n")
		return
	}
	s = validUTF8(s)
	header := literalHeader(s)
	// Blank lines after the last scalar would become part of it.
	if header == "" || header == "|+" && last {
		p.add(yamlScalar(s) + "\n")
		return
	}
	p.add(header + "\n")
	for line := range strings.Lines(s) {
		if line != "\n" {
			p.indent(depth)
		}
		p.add(line)
	}
	if !strings.HasSuffix(s, "\n") {
		p.add("\n")
	}
}

func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// bare prints what isn't a string.
func bare(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	panic(fmt.Sprintf("manifest: print a value of type %T", v))
}

// validUTF8 puts U+FFFD in the place of each byte that is no UTF-8.
func validUTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// literalHeader gives the indicator of the literal block that says exactly s,
// empty if none does or none is easy to read.
func literalHeader(s string) string {
	i := strings.IndexByte(s, '\n')
	if i <= 0 || s[0] == ' ' || s[0] == '\t' {
		return ""
	}
	for _, r := range s {
		if r != '\n' && r != '\t' && !plainRune(r) {
			return ""
		}
	}
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t") || strings.HasPrefix(line, "\t") {
			return ""
		}
	}
	switch {
	case !strings.HasSuffix(s, "\n"):
		return "|-"
	case !strings.HasSuffix(s, "\n\n"):
		return "|"
	}
	return "|+"
}

// plainRune reports whether a character is safe to print as it is anywhere.
func plainRune(r rune) bool {
	return unicode.IsPrint(r) && r != utf8.RuneError && r != '\ufeff'
}

var (
	// Words that start with a letter or a slash, with single spaces between
	// them; a colon only in front of another such character.
	plainRE    = regexp.MustCompile(`^[A-Za-z/](?:[A-Za-z0-9_./+@%=-]|:[A-Za-z0-9_./+@%=-]| [A-Za-z0-9_./+@%=])*$`)
	durationRE = regexp.MustCompile(`^(?:[0-9]+(?:h|m|s|ms))+$`)
	// YAML 1.1 takes these, in any case, for something else than a string.
	reserved = map[string]bool{
		"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true,
		"true": true, "false": true, "null": true, "nan": true, "inf": true,
	}
)

// yamlScalar prints a string on one line.
func yamlScalar(s string) string {
	if (plainRE.MatchString(s) || durationRE.MatchString(s)) && !reserved[strings.ToLower(s)] {
		return s
	}
	return string(quote(nil, s, true))
}
