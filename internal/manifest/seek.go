package manifest

import "bytes"

const seekStep = 8 << 10

// seek moves the splitter forward to a segment at or in front of the one that
// holds off, without looking at everything in between.
//
// Any "---" line is as good a start as the true one as far as the segments
// after it are concerned: from there on the same bytes are read in the same
// state. Only where the first segment starts is unknown, so it is skipped.
func (s *splitter) seek(off int64) error {
	for reach := int64(seekStep); ; reach *= 8 {
		from := off - reach
		if from <= s.pos {
			return nil
		}
		if s.scratch == nil {
			s.scratch = make([]byte, seekStep)
		}
		b := s.scratch // from+reach is off, so this ends in front of it
		if _, err := s.win.src.ReadAt(b, from); err != nil {
			return err
		}
		for i := 0; ; i++ {
			j := bytes.Index(b[i:], s.sep.pattern)
			if j < 0 || i+j+5 >= len(b) {
				break
			}
			i += j
			if !isMark(b[i+1:], '-') {
				continue
			}
			ok, err := s.tryFrom(from+int64(i)+1, off)
			if err != nil || ok {
				return err
			}
			break
		}
	}
}

// tryFrom restarts after the segment that the line at start is in, if the
// next one starts in front of off.
func (s *splitter) tryFrom(start, off int64) (bool, error) {
	t := newSplitter(s.win)
	t.restart(start)
	seg, ok, err := t.next()
	if err != nil || !ok || seg.end > off {
		return false, err
	}
	s.restart(seg.end)
	return true, nil
}
