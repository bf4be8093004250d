package manifest

import (
	"bytes"
	"context"
	"unicode/utf8"
)

// window is a view of part of a source, read in blocks.
type window struct {
	ctx context.Context
	src *source
	end int64 // never read further

	buf []byte
	off int64 // of buf[0] in the source
}

func newWindow(ctx context.Context, src *source) *window {
	return &window{ctx: ctx, src: src, end: src.size}
}

// from gives the bytes at off: at least need of them (at most blockSize), or
// all that are left. They are valid until the next call.
func (w *window) from(off int64, need int) ([]byte, error) {
	have := w.off + int64(len(w.buf))
	if off >= w.off && off <= have {
		b := w.buf[off-w.off:]
		if len(b) >= need || have >= w.end {
			return b, nil
		}
	}
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	n := int(min(blockSize, max(0, w.end-off)))
	if cap(w.buf) < n {
		// Small sources and sections get small buffers.
		w.buf = append(make([]byte, 0, n), w.buf...)
	}
	kept := 0
	if off >= w.off && off < have {
		kept = copy(w.buf[:n], w.buf[off-w.off:])
	}
	w.buf, w.off = w.buf[:n], off
	if _, err := w.src.ReadAt(w.buf[kept:], off+int64(kept)); err != nil {
		w.buf = w.buf[:0]
		return nil, err
	}
	return w.buf, nil
}

// section confines the window to a part of the source.
func (w *window) section(start, end int64) {
	w.buf, w.off, w.end = w.buf[:0], start, end
}

// indexByte gives the offset of the next c at or after off, or the end.
func (w *window) indexByte(off int64, c byte) (int64, error) {
	for off < w.end {
		b, err := w.from(off, 1)
		if err != nil {
			return 0, err
		}
		if i := bytes.IndexByte(b, c); i >= 0 {
			return off + int64(i), nil
		}
		off += int64(len(b))
	}
	return w.end, nil
}

// nextLine gives the offset after the next line feed.
func (w *window) nextLine(off int64) (int64, error) {
	i, err := w.indexByte(off, '\n')
	return min(i+1, w.end), err
}

// skipBlanks gives the offset of the first byte that is no space or tab.
func (w *window) skipBlanks(off int64) (int64, error) {
	for off < w.end {
		b, err := w.from(off, 1)
		if err != nil {
			return 0, err
		}
		for i, c := range b {
			if c != ' ' && c != '\t' {
				return off + int64(i), nil
			}
		}
		off += int64(len(b))
	}
	return w.end, nil
}

// cursor turns offsets into lines and columns. It only reads what lies
// between one question and the next, so ask in ascending order.
type cursor struct {
	win  *window
	off  int64
	line int // before off, counting from 0
	col  int
}

func (c *cursor) at(off int64) (line, col int, err error) {
	if off < c.off {
		c.off, c.line, c.col = 0, 0, 0
	}
	for c.off < off {
		b, err := c.win.from(c.off, 1)
		if err != nil {
			return 0, 0, err
		}
		b = b[:min(int64(len(b)), off-c.off)]
		if n := bytes.Count(b, newline); n > 0 {
			c.line += n
			c.col = columns(b[bytes.LastIndexByte(b, '\n')+1:])
		} else {
			c.col += columns(b)
		}
		c.off += int64(len(b))
	}
	return c.line + 1, c.col + 1, nil
}

// columns counts characters as an editor does: a byte order mark is none.
// It counts first bytes, so that a character cut in two counts once.
func columns(b []byte) int {
	n := 0
	for _, c := range b {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n - bytes.Count(b, bom)
}

var (
	newline = []byte("\n")
	bom     = []byte("\ufeff")
)
