package manifest

import (
	"bytes"

	"go.yaml.in/yaml/v3"
)

// The parser tells where a node starts, not where it ends. An object's end is
// found from behind: from the start of whatever comes next, back over blank
// lines and comments that are indented no deeper than its surroundings.

// raw gives the bytes of an object.
func (d *yamlDoc) raw(tg *target, limit int) []byte {
	start := d.t.nodeOffset(tg.site)
	end := d.tokenEnd(tg.site)
	if end < 0 {
		depth := 0
		if tg.list != nil {
			depth = d.dashColumn(tg.list.seq)
		}
		end = d.contentEnd(tg.site, limit, depth)
	}
	return d.t.b[start:max(start, min(end, len(d.t.b)))]
}

// tokenEnd gives the end of an alias or a flow collection, -1 for anything
// else.
func (d *yamlDoc) tokenEnd(n *yaml.Node) int {
	b, i := d.t.b, d.t.nodeOffset(n)
	if n.Kind == yaml.AliasNode {
		return nameEnd(b, i+1)
	}
	if n.Style&yaml.FlowStyle == 0 {
		return -1
	}
	i = skipProperties(b, i)
	if i >= len(b) {
		return -1
	}
	_, end, ok := flowSpans(b, i)
	if !ok {
		return -1
	}
	return end
}

// contentEnd gives the start of the line after the last one of a block
// mapping. Comments up to the given depth of indentation stand outside it.
func (d *yamlDoc) contentEnd(n *yaml.Node, limit, depth int) int {
	least := d.nextLine(d.leafEnd(n))
	end := limit
	for end > least {
		start := d.lineStart(end - 1)
		line := bytes.TrimRight(d.t.b[start:end], " \t\r\n")
		text := bytes.TrimLeft(line, " \t")
		if len(text) > 0 && (text[0] != '#' || len(line)-len(text) > depth) {
			break
		}
		end = start
	}
	return max(end, min(least, limit))
}

// leafEnd gives a place in the last line of the last scalar of a node that
// certainly belongs to it: a quoted scalar may hold lines that look like
// comments.
func (d *yamlDoc) leafEnd(n *yaml.Node) int {
	for len(n.Content) > 0 {
		n = n.Content[len(n.Content)-1]
	}
	i := d.t.nodeOffset(n)
	if n.Kind != yaml.ScalarNode || n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0 {
		return i
	}
	if j := skipProperties(d.t.b, i); j < len(d.t.b) && (d.t.b[j] == '"' || d.t.b[j] == '\'') {
		return max(i, quoteEnd(d.t.b, j)-1)
	}
	return i
}

// skipProperties skips tags and anchors, and blanks and comments after them.
func skipProperties(b []byte, i int) int {
	for i < len(b) {
		switch c := b[i]; {
		case c == '&':
			i = nameEnd(b, i+1)
		case c == '!':
			i = tagEnd(b, i)
		case c == '#':
			for i < len(b) && lineBreak(b[i:]) == 0 {
				i++
			}
		case c == ' ' || c == '\t':
			i++
		default:
			n := lineBreak(b[i:])
			if n == 0 {
				return i
			}
			i += n
		}
	}
	return i
}
