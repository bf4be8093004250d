package manifest

import "context"

// jsonStream goes through the JSON objects that a segment consists of. It
// isn't theirs (handled is false) if the first one isn't JSON: then it is YAML
// in flow style.
func (b *builder) jsonStream(seg segment) (handled bool, err error) {
	w := newWindow(b.ctx, b.src)
	w.section(seg.start, seg.end)
	var s jsonScanner
	for start := seg.content; start < seg.end; {
		end, ok, err := jsonValueEnd(w, &s, start)
		if err != nil {
			return handled, err
		}
		if !ok && !handled {
			return false, nil
		}
		if !ok {
			return true, b.jsonError(end, "invalid JSON after a JSON object")
		}
		next, ok, err := afterValue(w, end)
		if err != nil {
			return handled, err
		}
		if !ok && !handled {
			return false, nil // YAML may know what to do with it, or what to say
		}
		if !ok {
			return true, b.jsonError(next, "unexpected text after a JSON object")
		}
		only := !handled && next == seg.end
		handled = true
		hit, err := b.scan.next(start)
		if err != nil {
			return true, err
		}
		if hit >= 0 && hit < end {
			if err := b.jsonDocument(seg, span64{start, end, next}, only); err != nil {
				return true, err
			}
		}
		start = next
	}
	return true, nil
}

// span64 is a JSON value in the source, and where the next one starts.
type span64 struct{ start, end, next int64 }

func (b *builder) jsonError(off int64, msg string) error {
	line, col, err := b.cursor.at(off)
	if err != nil {
		return err
	}
	return &SyntaxError{Pos{File: b.src.name, Line: line, Column: col}, msg}
}

// jsonValueEnd gives the end of the JSON value at start; ok is false if it is
// broken, end is then where.
func jsonValueEnd(w *window, s *jsonScanner, start int64) (end int64, ok bool, err error) {
	*s = jsonScanner{stack: s.stack[:0]}
	for pos := start; pos < w.end; {
		b, err := w.from(pos, 1)
		if err != nil {
			return 0, false, err
		}
		n, ok := s.scan(b)
		pos += int64(n)
		if !ok || s.state == jsonDone {
			return pos, ok, nil
		}
	}
	return w.end, s.state == jsonDone, nil
}

// afterValue skips what may stand behind a JSON document: blank lines,
// comments, a "..." line. It gives the start of the next value, or the end of
// the window; ok is false at anything else.
func afterValue(w *window, pos int64) (next int64, ok bool, err error) {
	blank, line := false, false
	for pos < w.end {
		b, err := w.from(pos, 8)
		if err != nil {
			return 0, false, err
		}
		switch c := b[0]; {
		case c == '\n':
			blank, line = true, true
			pos++
		case c == ' ' || c == '\t' || c == '\r':
			blank, line = true, false
			pos++
		case c == '#' && blank, line && isMark(b, '.'):
			if pos, err = w.nextLine(pos); err != nil {
				return 0, false, err
			}
			blank, line = true, true
		default:
			return pos, c == '{', nil
		}
	}
	return w.end, true, nil
}

// countValues counts the documents in a segment with content: more than one
// only if it is concatenated JSON.
func countValues(src *source, seg segment) (int, error) {
	b, err := src.bytes(seg.content, seg.content+1)
	if err != nil || b[0] != '{' {
		return 1, err
	}
	w := newWindow(context.Background(), src)
	w.section(seg.start, seg.end)
	n := 0
	var s jsonScanner
	for start := seg.content; start < seg.end; n++ {
		end, ok, err := jsonValueEnd(w, &s, start)
		if err != nil {
			return 0, err
		}
		if ok {
			start, ok, err = afterValue(w, end)
		}
		if err != nil || !ok {
			return 1, err
		}
	}
	return n, nil
}
