package manifest

import "bytes"

// segment is one document with everything that stands in front of it and
// after it, up to the next document. The segments of a stream are a partition
// of it. Concatenated JSON values share a segment.
type segment struct {
	start, end int64

	// content is the offset of the first byte of content, -1 if the document
	// has none.
	content int64
	// sep is the offset of the "---" line that starts the document, -1 if
	// none does.
	sep int64
	// text is where a parser should start: behind byte order marks.
	text int64
	// endMark is the offset of the "..." line, -1 if there is none.
	endMark int64
	// directive: a % line stands in front of the separator.
	directive bool
}

// splitter finds the segments of a stream without parsing it. What it needs
// to know at the start of a segment is in the bytes from there on, so it may
// be started at any segment.
type splitter struct {
	win *window
	pos int64 // start of the next segment
	sep finder
	end finder
	bom finder

	scratch []byte
}

func newSplitter(w *window) *splitter {
	s := &splitter{win: w}
	s.restart(0)
	return s
}

func (s *splitter) restart(pos int64) {
	s.pos = pos
	s.sep = finder{pattern: []byte("\n---"), hit: -1}
	s.end = finder{pattern: []byte("\n..."), hit: -1}
	s.bom = finder{pattern: []byte("\n\ufeff"), hit: -1}
}

// next gives the next segment; ok is false at the end of the stream.
func (s *splitter) next() (seg segment, ok bool, err error) {
	if s.pos >= s.win.end {
		return segment{}, false, nil
	}
	seg = segment{start: s.pos, end: -1, content: -1, sep: -1, text: s.pos, endMark: -1}
	if err := s.head(&seg); err != nil {
		return seg, false, err
	}
	if seg.end < 0 {
		if err := s.body(&seg); err != nil {
			return seg, false, err
		}
	}
	s.pos = seg.end
	return seg, true, nil
}

// head reads the lines in front of the content.
func (s *splitter) head(seg *segment) error {
	for pos := seg.start; ; {
		if pos >= s.win.end {
			seg.end = s.win.end
			return nil
		}
		b, err := s.win.from(pos, 8)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(b, bom) {
			if seg.sep >= 0 && isMark(b[len(bom):], '-') {
				seg.end = pos
				return nil
			}
			pos += int64(len(bom))
			seg.text = pos
			continue
		}
		first := pos
		switch {
		case isMark(b, '-') && seg.sep >= 0:
			seg.end = pos
			return nil
		case isMark(b, '-'):
			seg.sep = pos
			first += 3
		case isMark(b, '.'):
			seg.endMark = pos
			seg.end, err = s.win.nextLine(pos)
			return err
		case b[0] == '%' && seg.sep >= 0: // the document was empty
			seg.end = pos
			return nil
		case b[0] == '%':
			seg.directive = true
			pos, err = s.win.nextLine(pos)
			if err != nil {
				return err
			}
			continue
		}
		if seg.content, err = s.contentOn(first); err != nil || seg.content >= 0 {
			return err
		}
		if pos, err = s.win.nextLine(pos); err != nil {
			return err
		}
	}
}

// contentOn gives the offset of the first byte of content on the line, -1
// if it is blank or a comment.
func (s *splitter) contentOn(pos int64) (int64, error) {
	pos, err := s.win.skipBlanks(pos)
	if err != nil || pos >= s.win.end {
		return -1, err
	}
	b, err := s.win.from(pos, 2)
	if err != nil {
		return -1, err
	}
	if b[0] == '#' || b[0] == '\n' || b[0] == '\r' && (len(b) == 1 || b[1] == '\n') {
		return -1, nil
	}
	return pos, nil
}

// body finds the end of the segment, from its content on.
func (s *splitter) body(seg *segment) error {
	for pos := seg.content; ; {
		b, err := s.win.from(pos, 64)
		if err != nil {
			return err
		}
		off := pos
		eof := off+int64(len(b)) >= s.win.end
		limit := off + int64(len(b))
		if !eof {
			limit -= 16
		}
		for {
			q := s.candidate(b, off, pos)
			if q < 0 || q >= limit {
				break
			}
			line := b[q-off+1:]
			switch {
			case isMark(line, '.'):
				seg.endMark = q + 1
				seg.end, err = s.win.nextLine(q + 1)
				return err
			case isMark(bytes.TrimPrefix(line, bom), '-'):
				seg.end, err = s.beforeDirectives(seg, q+1)
				return err
			}
			pos = q + 1
		}
		if eof {
			seg.end = s.win.end
			return nil
		}
		pos = max(pos, limit)
	}
}

// candidate gives the first line feed at or after pos that may stand in front
// of a boundary, -1 if there is none in b. Separators come first, since they
// are common: the others are only looked for in front of the next one.
func (s *splitter) candidate(b []byte, off, pos int64) int64 {
	first := s.sep.next(b, off, pos)
	if first >= 0 {
		b = b[:first-off]
	}
	for _, f := range []*finder{&s.end, &s.bom} {
		if q := f.next(b, off, pos); q >= 0 {
			first = q
			b = b[:q-off]
		}
	}
	return first
}

// beforeDirectives moves a boundary in front of the directives that stand
// right in front of it: they belong to the document that follows.
func (s *splitter) beforeDirectives(seg *segment, line int64) (int64, error) {
	const reach = 4 << 10
	from := max(seg.content+1, line-reach)
	var b []byte
	if from >= s.win.off && line <= s.win.off+int64(len(s.win.buf)) {
		b = s.win.buf[from-s.win.off : line-s.win.off]
	} else {
		var err error
		if b, err = s.win.src.bytes(from, line); err != nil {
			return 0, err
		}
	}
	found := line
	for len(b) > 0 {
		i := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
		if i == 0 {
			break // the line may have begun earlier
		}
		l := b[i:]
		if bytes.HasPrefix(l, []byte("%YAML ")) || bytes.HasPrefix(l, []byte("%TAG ")) {
			found = from + int64(i)
		} else if t := bytes.TrimLeft(l, " \t\r\n"); len(t) > 0 && t[0] != '#' {
			break
		}
		b = b[:i]
	}
	return found, nil
}

// isMark reports whether a line is "---" or "...": followed by a blank, a
// line break or nothing.
func isMark(b []byte, c byte) bool {
	if len(b) < 3 || b[0] != c || b[1] != c || b[2] != c {
		return false
	}
	return len(b) == 3 || b[3] == ' ' || b[3] == '\t' || b[3] == '\n' || b[3] == '\r'
}

// finder remembers what a search found, so that several searches over the
// same block each read it once.
type finder struct {
	pattern []byte
	clear   int64 // nothing starts before
	hit     int64
}

func (f *finder) next(b []byte, off, pos int64) int64 {
	end := off + int64(len(b))
	if f.hit >= pos {
		if f.hit < end {
			return f.hit
		}
		return -1
	}
	if pos = max(pos, f.clear); pos >= end {
		return -1
	}
	if i := bytes.Index(b[pos-off:], f.pattern); i >= 0 {
		f.hit = pos + int64(i)
		return f.hit
	}
	f.clear = max(f.clear, end-int64(len(f.pattern))+1)
	return -1
}
