package report

import (
	"fmt"
	"strings"
)

// word says what was cut; it holds no more than maxWord characters.
func (p mdPart) word(left int) string {
	return fmt.Sprintf("\n%s left out: a comment has no more room.\n", plural(left, "more "+p.noun))
}

const maxWord = 120

// add appends what item gives. What can't fit any more counts, and isn't made:
// a repository may have thousands of differences.
func (p *mdPart) add(item func() string) {
	s := ""
	if p.size <= maxComment {
		s = item()
		p.size += mdLength(s)
	}
	p.items = append(p.items, s)
}

// length is that of the whole part, or more than fits.
func (p mdPart) length() int {
	if len(p.items) == 0 {
		return 0
	}
	return mdLength(p.open) + mdLength(p.close) + p.size
}

// within gives the part in no more characters than room: its first items, and
// a word on the others, outside of what is folded, so that it is seen.
func (p mdPart) within(room int) string {
	if len(p.items) == 0 {
		return ""
	}
	if p.length() <= room {
		return p.open + strings.Join(p.items, "") + p.close
	}
	n := mdLength(p.open) + mdLength(p.close) + maxWord
	kept := 0
	for kept < len(p.items) && n+mdLength(p.items[kept]) <= room {
		n += mdLength(p.items[kept])
		kept++
	}
	if kept == 0 {
		if room < maxWord {
			return ""
		}
		return p.word(len(p.items))
	}
	return p.open + strings.Join(p.items[:kept], "") + p.close + p.word(len(p.items)-kept)
}

// allot shares room among the parts: what asks for less than its share leaves
// the rest to the others.
func allot(room int, parts []mdPart) []int {
	out := make([]int, len(parts))
	open := len(parts)
	for done := false; !done && open > 0; {
		done = true
		share := room / open
		for i, p := range parts {
			if n := p.length(); out[i] == 0 && n > 0 && n <= share {
				out[i] = n
				room -= n
				open--
				done = false
				break
			} else if out[i] == 0 && n == 0 {
				out[i] = -1
				open--
				done = false
				break
			}
		}
	}
	for i := range out {
		if out[i] == 0 {
			out[i] = room / open
		}
	}
	return out
}
