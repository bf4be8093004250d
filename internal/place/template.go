package place

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"kesbridge/internal/manifest"
)

// block is a part of a template between "---" lines: its lines from first on.
type block struct {
	first int // counting from 0
	lines []line
}

// line is one of a template: its text without blanks around it, how far it
// stands to the right, and what it may become, where it has actions.
type line struct {
	text    string
	indent  int
	pattern *regexp.Regexp
}

// template finds the line of a template that printed one of the output. A
// template isn't YAML, so lines are compared: literal ones, and those with
// actions in them as patterns.
func (x *Index) template(origin string, f *file, o *manifest.Object, p manifest.Pos) manifest.Pos {
	text := linesOf(o)
	b, ok := x.block(f, o, text)
	if !ok {
		return manifest.Pos{File: origin, Line: 1}
	}
	kind := b.kindLine(o.Ref.Kind)
	fallback := manifest.Pos{File: origin, Line: b.first + kind + 1, Column: b.lines[kind].indent + 1}
	at := p.Line - o.Pos.Line
	if at < 0 || at >= len(text) || p.Line == o.Pos.Line && p.Column == o.Pos.Column {
		return fallback // the object itself
	}
	i, exact := b.find(text, at)
	for up := p.Line; i < 0; {
		if up = x.parent(up); up <= o.Pos.Line {
			return fallback
		}
		i, _ = b.find(text, up-o.Pos.Line)
	}
	q := manifest.Pos{File: origin, Line: b.first + i + 1, Column: b.lines[i].indent + 1}
	if exact {
		q.Column = max(1, p.Column-indent(x.lines[p.Line-1])+b.lines[i].indent)
	}
	return q
}

// linesOf are the trimmed lines of an object.
func linesOf(o *manifest.Object) []string {
	lines := strings.Split(strings.TrimRight(string(o.Raw()), "\r\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return lines
}

func indent(line string) int {
	return utf8.RuneCountInString(line) - utf8.RuneCountInString(strings.TrimLeft(line, " \t"))
}

// parent is the rendered line that holds what stands in a line: what actions
// print has no line of its own, but often one that holds it. 0 if none does.
func (x *Index) parent(line int) int {
	deep := func(i int) int {
		s := x.lines[i-1]
		if strings.HasPrefix(strings.TrimLeft(s, " "), "- ") {
			return 2*indent(s) + 1 // a list may stand as far left as its key
		}
		return 2 * indent(s)
	}
	for up := line - 1; up > 0; up-- {
		if strings.TrimSpace(x.lines[up-1]) != "" && deep(up) < deep(line) {
			return up
		}
	}
	return 0
}

// block chooses the part of the template that the object is from: the only
// one with its kind, else the one that has most of its lines, else, if each
// part printed one object, by their order. Not ok if that doesn't tell.
func (x *Index) block(f *file, o *manifest.Object, text []string) (block, bool) {
	var bs []block
	if f.blocks == nil {
		f.blocks = split(f.text)
	}
	for _, b := range f.blocks {
		if b.kindLine(o.Ref.Kind) >= 0 {
			bs = append(bs, b)
		}
	}
	if len(bs) == 1 {
		return bs[0], bs[0].kinds(o.Ref.Kind) == 1
	}
	best, top, tie := 0, -1, false
	for i, b := range bs {
		n := b.score(text)
		if n == top {
			tie = true
		}
		if n > top {
			best, top, tie = i, n, false
		}
	}
	if len(bs) == 0 {
		return block{}, false
	}
	if tie {
		nth, count := 0, 0
		for _, other := range x.objects {
			if other.Pos.Origin != o.Pos.Origin || other.Ref.Kind != o.Ref.Kind {
				continue
			}
			if other == o {
				nth = count
			}
			count++
		}
		if count != len(bs) {
			return block{}, false
		}
		best = nth
	}
	return bs[best], bs[best].kinds(o.Ref.Kind) == 1
}

func split(text string) (bs []block) {
	b := block{}
	for i, s := range strings.Split(text, "\n") {
		if strings.HasPrefix(s, "---") {
			bs = append(bs, b)
			b = block{first: i + 1}
			continue
		}
		trimmed := strings.TrimSpace(s)
		b.lines = append(b.lines, line{trimmed, indent(s), likeness(trimmed)})
	}
	return append(bs, b)
}

var action = regexp.MustCompile(`\{\{.*?\}\}`)

// likeness matches what a line with actions may print; nil without actions,
// and where nothing but actions prints anything.
func likeness(text string) *regexp.Regexp {
	parts := action.Split(text, -1)
	if len(parts) < 2 || len(strings.Trim(strings.Join(parts, ""), " -\"'")) < 2 {
		return nil
	}
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	re, err := regexp.Compile("^" + strings.Join(parts, ".*") + "$")
	if err != nil {
		return nil
	}
	return re
}

func isKind(text, kind string) bool {
	value, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(text, "- ")), "kind:")
	value, _, _ = strings.Cut(value, " #")
	return ok && strings.Trim(strings.TrimSpace(value), `"'`) == kind
}

// kindLine is the first line that says the kind, or -1.
func (b block) kindLine(kind string) int {
	for i, l := range b.lines {
		if isKind(l.text, kind) {
			return i
		}
	}
	return -1
}

func (b block) kinds(kind string) (n int) {
	for _, l := range b.lines {
		if isKind(l.text, kind) {
			n++
		}
	}
	return n
}

// score counts the rendered lines that a block may have printed; those without
// actions count more.
func (b block) score(text []string) (n int) {
	for at := range text {
		exact, like := b.matches(text[at])
		if len(exact) > 0 {
			n += 2
		} else if len(like) > 0 {
			n++
		}
	}
	return n
}

// find gives the line of the block that printed a line of the object, -1 if
// it can't be told.
func (b block) find(text []string, at int) (line int, exact bool) {
	same, like := b.matches(text[at])
	if len(same) > 0 {
		n, nth := 0, 0
		for i, t := range text {
			if t == text[at] {
				if i == at {
					nth = n
				}
				n++
			}
		}
		if len(same) == 1 || len(same) == n {
			return same[min(nth, len(same)-1)], true
		}
		return -1, false
	}
	if len(like) == 1 {
		return like[0], false
	}
	return -1, false
}

// matches gives the lines that are a rendered one, and those that become it
// with some value for their actions.
func (b block) matches(text string) (exact, like []int) {
	if text == "" {
		return nil, nil
	}
	for i, l := range b.lines {
		if l.text == text {
			exact = append(exact, i)
		} else if l.pattern != nil && l.pattern.MatchString(text) {
			like = append(like, i)
		}
	}
	return exact, like
}
