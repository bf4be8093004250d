package rewrite

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// file is a manifest file and what is to change in it.
type file struct {
	name  string
	data  []byte
	lines [][]byte // with their ends
	trees []any    // its documents as values
	edits []edit
	// What verify must find.
	moves    []move
	orphaned []*application
}

// edit puts lines in the place of those from start on, in front of end.
type edit struct {
	start, end int
	lines      []string
}

func (f *file) pos(n *yaml.Node) manifest.Pos {
	return manifest.Pos{File: f.name, Line: n.Line, Column: n.Column}
}

func (f *file) replace(start, end int, lines []string) {
	f.edits = append(f.edits, edit{start, end, lines})
}

// insert puts new lines in front of one.
func (f *file) insert(at, indent int, lines ...string) {
	for i := range lines {
		lines[i] = strings.Repeat(" ", indent) + lines[i] + f.eol()
	}
	f.replace(at, at, lines)
}

// eol is the file's line end.
func (f *file) eol() string {
	if len(f.lines) > 0 && bytes.HasSuffix(f.lines[0], []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

// result applies the edits.
func (f *file) result() []byte {
	slices.SortStableFunc(f.edits, func(a, b edit) int { return a.start - b.start })
	var out []byte
	done := 0
	for _, e := range f.edits {
		out = append(out, bytes.Join(f.lines[done:e.start], nil)...)
		if len(e.lines) > 0 && len(out) > 0 && out[len(out)-1] != '\n' {
			// The file has no line end, and the block is new.
			out = append(out, f.eol()...)
			last := len(e.lines) - 1
			e.lines[last] = strings.TrimRight(e.lines[last], "\r\n")
		}
		out = append(out, strings.Join(e.lines, "")...)
		done = e.end
	}
	rest := bytes.Join(f.lines[done:], nil)
	if last := len(f.edits) - 1; last >= 0 && len(rest) == 0 && len(f.edits[last].lines) == 0 && !bytes.HasSuffix(f.data, []byte("\n")) {
		out = bytes.TrimRight(out, "\r\n") // as it was before the block came
	}
	return append(out, rest...)
}

func indentOf(line []byte) int { return len(line) - len(bytes.TrimLeft(line, " ")) }

// blockEnd gives the line after the block of the key on a line: what is
// indented deeper, without the blank lines and comments behind it that aren't.
func (f *file) blockEnd(at, indent int) int {
	end := at + 1
	for i := at + 1; i < len(f.lines); i++ {
		text := bytes.TrimSpace(f.lines[i])
		if len(text) == 0 || text[0] == '#' && indentOf(f.lines[i]) <= indent {
			continue
		}
		if indentOf(f.lines[i]) <= indent {
			break
		}
		end = i + 1
	}
	return end
}

// endOf gives the line after a block mapping whose keys stand at an
// indentation. The items of a list in it may stand there, too, and a text at
// its end may keep the blank lines behind it ("|+").
func (f *file) endOf(m *yaml.Node, indent int) int {
	key, value := m.Content[len(m.Content)-2], m.Content[len(m.Content)-1]
	at := key.Line - 1
	if n := len(value.Content); value.Kind == yaml.SequenceNode && value.Style&yaml.FlowStyle == 0 && n > 0 && value.Column == key.Column {
		at = value.Content[n-1].Line - 1
	}
	end := f.blockEnd(at, indent)
	last := value
	for len(last.Content) > 0 {
		last = last.Content[len(last.Content)-1]
	}
	if last.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 && strings.HasSuffix(last.Value, "\n\n") {
		end += strings.Count(f.blankAfter(end), "\n")
	}
	return end
}

// blankAfter are the line ends of the blank lines from a line on.
func (f *file) blankAfter(at int) string {
	out := ""
	for ; at < len(f.lines) && len(f.lines[at]) > 0 && len(bytes.TrimSpace(f.lines[at])) == 0; at++ {
		out += string(bytes.TrimLeft(f.lines[at], " "))
	}
	return out
}

// keepDash puts what stands in front of a block's key, such as the dash of a
// list item, in front of the lines in its place.
func (f *file) keepDash(at, indent int, lines []string) []string {
	if len(lines) > 0 && len(lines[0]) >= indent {
		lines[0] = string(f.lines[at][:indent]) + lines[0][indent:]
	}
	return lines
}

// cut gives lines without their indentation, and the first without what else
// is in front of it.
func (f *file) cut(start, end, indent int) ([]string, error) {
	var out []string
	for i, l := range f.lines[start:end] {
		switch {
		case i == 0 && len(bytes.Trim(l[:min(indent, len(l))], " -")) == 0:
			l = l[min(indent, len(l)):]
		case bytes.HasPrefix(bytes.TrimLeft(l, " "), []byte("\t")) && indentOf(l) < indent:
			return nil, fmt.Errorf("line %d has a tab in its indentation", start+i+1)
		case indentOf(l) >= indent:
			l = l[indent:]
		case len(bytes.TrimSpace(l)) == 0:
			l = bytes.TrimLeft(l, " ")
		default:
			return nil, fmt.Errorf("line %d is indented less than its key", start+i+1)
		}
		out = append(out, string(l))
	}
	return out, nil
}

// shift gives lines that cut took with another indentation. Blank lines that
// are shorter than the old one stay as they are, so that shifting them back
// gives the same bytes.
func (f *file) shift(start, end, from, to int) []string {
	var out []string
	for i, l := range f.lines[start:end] {
		text := string(l)
		if k := indentOf(l); i == 0 || k >= from {
			text = strings.Repeat(" ", to) + text[min(from, len(text)):]
		}
		out = append(out, text)
	}
	return out
}

// inParameter is how much deeper than its key the text of the parameter source
// is.
const inParameter = 8

// pluginBlock is the block, with the lines of a native one in its source.
// chomp is "+" where the blank lines behind it count.
func (f *file) pluginBlock(o Options, indent int, chomp string, native []string) []string {
	lines := []string{"plugin:", "  name: " + o.Plugin, "  parameters:", "    - name: mode", "      string: " + o.Mode}
	if native != nil {
		lines = append(lines, "    - name: source", "      string: |"+chomp)
	}
	for i := range lines {
		lines[i] = strings.Repeat(" ", indent) + lines[i] + f.eol()
	}
	return append(lines, native...)
}

// scalarLines gives the lines of a text with an indentation: as they stand in
// the file if it is a literal block.
func (f *file) scalarLines(n *yaml.Node, indent int) []string {
	first := n.Line // the line after the indicator's
	if n.Style&yaml.LiteralStyle != 0 && first < len(f.lines) && indentOf(f.lines[first]) > 0 {
		from, end := indentOf(f.lines[first]), first
		for i := first; i < len(f.lines) && (len(bytes.TrimSpace(f.lines[i])) == 0 || indentOf(f.lines[i]) >= from); i++ {
			if len(bytes.TrimSpace(f.lines[i])) > 0 {
				end = i + 1
			}
		}
		if _, err := f.cut(first, end, from); err == nil {
			return f.shift(first, end, from, indent)
		}
	}
	var out []string
	for l := range strings.Lines(n.Value) {
		if l = strings.TrimSuffix(l, "\n"); l != "" {
			l = strings.Repeat(" ", indent) + l
		}
		out = append(out, l+f.eol())
	}
	return out
}
