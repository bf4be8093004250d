package manifest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Plan is what will be written: ranges of the input, and new documents in
// between. Close it when done.
type Plan struct {
	src      *source
	literals *spool
	ops      []op
	stats    Stats
	content  bool

	counted bool
}

// Stats counts what was in a stream and what becomes of it.
type Stats struct {
	Documents int // with content
	Empty     int // only comments, or nothing
	Objects   int // visited: the sum of the next five

	Untouched, Replaced, Dropped, Edited, Accompanied int

	InBytes, OutBytes int64
}

// op copies n bytes, from the input or from the new documents.
type op struct {
	literal bool
	off, n  int64
}

func (p *Plan) add(o op) {
	if o.n == 0 {
		return
	}
	p.stats.OutBytes += o.n
	if k := len(p.ops) - 1; k >= 0 && p.ops[k].literal == o.literal && p.ops[k].off+p.ops[k].n == o.off {
		p.ops[k].n += o.n
		return
	}
	p.ops = append(p.ops, o)
}

func (p *Plan) copy(start, end int64) { p.add(op{false, start, end - start}) }

func (p *Plan) literal(b []byte) error {
	off := p.literals.size
	if _, err := p.literals.Write(b); err != nil {
		return err
	}
	p.add(op{true, off, int64(len(b))})
	return nil
}

// HasContent reports whether the input holds a document with content, not
// just comments, separators and blank lines.
func (p *Plan) HasContent() bool { return p.content }

// Changed reports whether the output differs from the input.
func (p *Plan) Changed() bool { return p.stats.Untouched < p.stats.Objects }

// Stats tells what the first pass found. The documents are counted when it is
// first called, since nothing else needs them: that reads the input again. If
// it can't be read any more, Documents and Empty are 0, and WriteTo will fail.
func (p *Plan) Stats() Stats {
	if !p.counted {
		p.counted = true
		docs, empty, err := countDocuments(p.src)
		if err == nil {
			p.stats.Documents, p.stats.Empty = docs, empty
		}
	}
	return p.stats
}

// WriteTo writes the output. It may be called more than once. It fails with a
// *ChangedError if a file isn't any more what the plan was made for.
func (p *Plan) WriteTo(w io.Writer) (int64, error) {
	if err := p.src.unchanged(); err != nil {
		return 0, err
	}
	out := &opWriter{w: w}
	for _, o := range p.ops {
		from := p.src.regular()
		var r io.ReaderAt = p.src
		off := o.off + p.src.base
		if o.literal {
			r, from, off = p.literals, p.literals.file, o.off
		}
		if err := out.copy(r, from, o.off, off, o.n); err != nil {
			return out.written, err
		}
	}
	return out.written, p.src.unchanged()
}

// opWriter writes ranges.
type opWriter struct {
	w       io.Writer
	written int64
	buf     []byte
}

// kernelCopy is the length from which on a range is left to the kernel.
const kernelCopy = 1 << 20

// copy writes n bytes of r at off. Where both sides are files (at, fileOff),
// the kernel copies a long range by itself (copy_file_range); where it can't,
// os.File falls back to reading and writing.
func (o *opWriter) copy(r io.ReaderAt, at *os.File, off, fileOff, n int64) error {
	if out, ok := o.w.(*os.File); ok && at != nil && n >= kernelCopy {
		if _, err := at.Seek(fileOff, io.SeekStart); err == nil {
			m, err := io.CopyN(out, at, n)
			o.written += m
			if err != nil {
				return fmt.Errorf("write output: %w", err)
			}
			return nil
		}
	}
	for done := int64(0); done < n; {
		k := min(n-done, blockSize)
		if int64(len(o.buf)) < k {
			o.buf = make([]byte, k)
		}
		if got, err := r.ReadAt(o.buf[:k], off+done); int64(got) < k {
			return err
		}
		m, err := o.w.Write(o.buf[:k])
		o.written += int64(m)
		if err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		done += k
	}
	return nil
}

// Find reads the input again and shows the objects of some API groups ("" is
// the core group, AnyGroup all of them) in documents in which one of the words
// stands, in whatever spelling.
func (p *Plan) Find(ctx context.Context, find, groups []string, show func(*Object)) error {
	if len(find) == 0 {
		return nil
	}
	return newBuilder(ctx, &Plan{src: p.src}, words(find, nil), groups, func(o *Object) (Result, error) {
		show(o)
		return Result{}, nil
	}).stream()
}

// FindNames is Find for whole words: a name in a longer one doesn't count.
func (p *Plan) FindNames(ctx context.Context, names, groups []string, show func(*Object)) error {
	if len(names) == 0 {
		return nil
	}
	return newBuilder(ctx, &Plan{src: p.src}, words(nil, names), groups, func(o *Object) (Result, error) {
		show(o)
		return Result{}, nil
	}).stream()
}

// Close gives back the temporary files. The input stays open.
func (p *Plan) Close() error {
	return errors.Join(p.src.Close(), p.literals.Close())
}

// firstContent reports whether any document has content.
func firstContent(w *window) (bool, error) {
	s := newSplitter(w)
	for {
		seg := segment{start: s.pos, end: -1, content: -1, sep: -1, text: s.pos, endMark: -1}
		if s.pos >= w.end {
			return false, nil
		}
		if err := s.head(&seg); err != nil {
			return false, err
		}
		if seg.content >= 0 {
			return true, nil
		}
		s.pos = seg.end
	}
}

// countDocuments splits the whole stream.
func countDocuments(src *source) (docs, empty int, err error) {
	w := newWindow(context.Background(), src)
	s := newSplitter(w)
	for {
		seg, ok, err := s.next()
		if err != nil || !ok {
			return docs, empty, err
		}
		if seg.content < 0 {
			empty++
			continue
		}
		n, err := countValues(src, seg)
		if err != nil {
			return 0, 0, err
		}
		docs += n
	}
}
