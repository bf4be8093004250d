package manifest

import (
	"bytes"
	"context"
	"regexp"
	"strings"
)

// plainBlock reports whether a document is surely no object of a wanted group
// and no List, judged by its lines at column 0 alone. It never holds the
// document, so that a huge ConfigMap that quotes one costs little.
//
// Why that is sound: the first line of content is a key at column 0, so the
// root is a block mapping at column 0 and each of its keys starts a line. Each
// line at column 0 is of a known shape, so no key can be quoted, escaped,
// tagged, merged or explicit. There is one "apiVersion:" line and no "items:"
// line. A line may be fake (inside a multi-line quoted scalar); then there is
// no true one, and an object without apiVersion isn't wanted either.
func plainBlock(ctx context.Context, src *source, seg segment, wanted groups) (bool, error) {
	if seg.content < 0 || seg.directive || seg.text != seg.start || seg.sep >= 0 && seg.content < seg.sep+4 {
		return false, nil
	}
	w := newWindow(ctx, src)
	w.section(seg.start, seg.end)
	if odd, err := hasOddBreak(w); err != nil || odd {
		return false, err
	}
	w.section(seg.start, seg.end)
	if ok, err := startsLine(src, seg.content); err != nil || !ok {
		return false, err
	}
	o := outline{wanted: wanted}
	for pos := seg.start; pos < seg.end; {
		b, err := w.from(pos, 1024)
		if err != nil {
			return false, err
		}
		n, ok := o.lines(b, pos+int64(len(b)) >= seg.end)
		if !ok {
			return false, nil
		}
		pos += int64(n)
		if n == 0 { // a line longer than the window
			if !o.line(b[:1024]) {
				return false, nil
			}
			if pos, err = w.nextLine(pos); err != nil {
				return false, err
			}
		}
	}
	return o.apiVersions == 1, nil
}

// startsLine reports whether a line starts at off.
func startsLine(src *source, off int64) (bool, error) {
	if off == 0 {
		return true, nil
	}
	b, err := src.bytes(off-1, off)
	return err == nil && b[0] == '\n', err
}

type outline struct {
	wanted      groups
	apiVersions int
}

// lines takes whole lines and gives how many bytes they are.
func (o *outline) lines(b []byte, eof bool) (n int, ok bool) {
	for n < len(b) {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			if !eof {
				return n, true
			}
			i = len(b) - n - 1
		}
		if c := b[n]; c != ' ' && !o.line(b[n:n+i+1]) {
			return n, false
		}
		n += i + 1
	}
	return n, true
}

var (
	plainKeyRE = regexp.MustCompile(`^([A-Za-z0-9_.-]+):( .*)?$`)
	plainAPIRE = regexp.MustCompile(`^ +(?:([A-Za-z][A-Za-z0-9./-]*)|"([A-Za-z][A-Za-z0-9./-]*)"|'([A-Za-z][A-Za-z0-9./-]*)') *(?: #.*)?$`)
)

// line judges one line that doesn't start with a space.
func (o *outline) line(b []byte) bool {
	b = bytes.TrimRight(b, "\r\n")
	if len(b) == 0 || b[0] == '#' || b[0] == ' ' {
		return true
	}
	if isMark(b, '-') || isMark(b, '.') {
		rest := bytes.TrimLeft(b[3:], " \t")
		return len(rest) == 0 || rest[0] == '#'
	}
	if b[0] == '-' && (len(b) == 1 || b[1] == ' ') {
		return true
	}
	const longestKey = 512
	k := plainKeyRE.FindSubmatch(b[:min(len(b), longestKey)])
	if k == nil {
		return false
	}
	switch string(k[1]) {
	case "items":
		return false
	case "apiVersion":
		v := plainAPIRE.FindStringSubmatch(string(k[2]))
		if v == nil || len(b) > longestKey {
			return false
		}
		o.apiVersions++
		group, _, ok := strings.Cut(v[1]+v[2]+v[3], "/")
		if !ok {
			group = ""
		}
		return !o.wanted.has(group) && o.apiVersions == 1
	}
	return true
}

// hasOddBreak reports whether there is a line break that isn't LF or CRLF:
// YAML 1.1 also knows CR, NEL, LS and PS.
func hasOddBreak(w *window) (bool, error) {
	for pos := w.off; pos < w.end; {
		b, err := w.from(pos, blockSize)
		if err != nil {
			return false, err
		}
		if oddBreak(b) {
			return true, nil
		}
		if pos+int64(len(b)) >= w.end {
			return false, nil
		}
		pos += int64(len(b)) - 4
	}
	return false, nil
}

func oddBreak(b []byte) bool {
	for i := 0; ; i++ {
		j := bytes.IndexByte(b[i:], '\r')
		if j < 0 {
			break
		}
		i += j
		if i+1 < len(b) && b[i+1] != '\n' {
			return true
		}
	}
	return bytes.Contains(b, []byte("\u0085")) || bytes.Contains(b, []byte("\u2028")) || bytes.Contains(b, []byte("\u2029"))
}
