package manifest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const (
	defaultSpoolMemory = 4 << 20
	defaultMaxInput    = 4 << 30
	blockSize          = 256 << 10
)

// Input is one stream. A regular file and a reader that also has ReadAt and
// Size (bytes.Reader, strings.Reader, io.SectionReader) are read twice, from
// where they stand; any other reader is spooled.
type Input struct {
	// Name is for positions and errors: the path as the user would write it,
	// "<stdin>" for standard input.
	Name string
	R    io.Reader
	// held is what Hold opened; lent: whoever reads it leaves it open.
	held *source
	lent bool
}

// Hold makes an input that can be planned more than once: what can't be read
// twice is spooled now. One plan of it closes it, those of Lend don't.
func (t *Transformer) Hold(ctx context.Context, in Input) (Input, error) {
	if in.held != nil {
		return in, nil
	}
	src, err := t.open(ctx, in)
	if err != nil {
		return in, err
	}
	in.held = src
	return in, nil
}

// Lend is a held input for one plan more.
func (in Input) Lend() Input {
	in.lent = true
	return in
}

// Holds reports whether a word stands in a held input, in whatever spelling.
func (in Input) Holds(ctx context.Context, word string) (bool, error) {
	scan := &markerScan{markers: newMarkers(words([]string{word}, nil)), win: newWindow(ctx, in.held)}
	hit, err := scan.next(0)
	return hit >= 0, err
}

// source is the input as something that can be read at any place, more than
// once.
type source struct {
	name string
	r    io.ReaderAt
	base int64 // of the input's first byte in r
	size int64

	file  *os.File // a regular file that others may change meanwhile
	stat  fs.FileInfo
	spool *spool
	lent  bool
}

type sizedReaderAt interface {
	io.ReaderAt
	Size() int64
}

func (t *Transformer) open(ctx context.Context, in Input) (*source, error) {
	if in.held != nil {
		s := *in.held
		s.lent = in.lent
		return &s, nil
	}
	limit := t.MaxInput
	if limit == 0 {
		limit = defaultMaxInput
	}
	s, err := direct(in)
	if err == nil && s == nil {
		s, err = t.spooled(ctx, in, limit)
	}
	if err != nil {
		return nil, err
	}
	if s.size > limit {
		return nil, errors.Join(&TooLargeError{in.Name, limit}, s.Close())
	}
	if err := s.checkEncoding(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// direct gives a source over the reader itself, or nil if it can't be read
// twice.
func direct(in Input) (*source, error) {
	s := &source{name: in.Name}
	var end int64
	switch r := in.R.(type) {
	case *os.File:
		fi, err := r.Stat()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", in.Name, err)
		}
		if fi.IsDir() {
			return nil, fmt.Errorf("read %s: %w", in.Name, errors.New("is a directory"))
		}
		if !fi.Mode().IsRegular() {
			return nil, nil
		}
		s.r, s.file, s.stat, end = r, r, fi, fi.Size()
		if end == 0 {
			// Files of /proc say 0 and hold something all the same.
			return nil, nil
		}
	case sizedReaderAt:
		s.r, end = r, r.Size()
	default:
		return nil, nil
	}
	if sk, ok := in.R.(io.Seeker); ok {
		off, err := sk.Seek(0, io.SeekCurrent)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", in.Name, err)
		}
		s.base = min(off, end)
	}
	s.size = end - s.base
	return s, nil
}

func (t *Transformer) spooled(ctx context.Context, in Input, limit int64) (*source, error) {
	sp := t.newSpool()
	s := &source{name: in.Name, r: sp, spool: sp}
	buf := make([]byte, spoolBuffer)
	for {
		if err := ctx.Err(); err != nil {
			return nil, errors.Join(err, sp.Close())
		}
		n, err := in.R.Read(buf)
		if n > 0 {
			if _, werr := sp.Write(buf[:n]); werr != nil {
				return nil, errors.Join(fmt.Errorf("spool %s: %w", in.Name, werr), sp.Close())
			}
		}
		if sp.size > limit {
			return nil, errors.Join(&TooLargeError{in.Name, limit}, sp.Close())
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", in.Name, err), sp.Close())
		}
	}
	s.size = sp.size
	if err := sp.flush(); err != nil {
		return nil, errors.Join(err, sp.Close())
	}
	return s, nil
}

func (t *Transformer) newSpool() *spool {
	limit := t.SpoolMemory
	if limit == 0 {
		limit = defaultSpoolMemory
	}
	return &spool{dir: t.TempDir, limit: limit}
}

// ReadAt reads whole slices: a short read is an error, since the size is
// known.
// regular is the file behind the source, or nil.
func (s *source) regular() *os.File {
	if s.spool != nil {
		return s.spool.file
	}
	return s.file
}

func (s *source) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.r.ReadAt(p, s.base+off)
	if n == len(p) {
		return n, nil
	}
	if err == nil || err == io.EOF {
		return n, &ChangedError{s.name}
	}
	return n, fmt.Errorf("read %s: %w", s.name, err)
}

func (s *source) bytes(start, end int64) ([]byte, error) {
	b := make([]byte, end-start)
	_, err := s.ReadAt(b, start)
	return b, err
}

// unchanged fails if the file isn't what it was when it was opened.
func (s *source) unchanged() error {
	if s.file == nil {
		return nil
	}
	fi, err := s.file.Stat()
	if err != nil {
		return fmt.Errorf("read %s: %w", s.name, err)
	}
	if fi.Size() != s.stat.Size() || !fi.ModTime().Equal(s.stat.ModTime()) {
		return &ChangedError{s.name}
	}
	return nil
}

// checkEncoding refuses UTF-16 and UTF-32, which would look like a stream
// without any object in it.
func (s *source) checkEncoding() error {
	b, err := s.bytes(0, min(4, s.size))
	if err != nil {
		return err
	}
	for _, bom := range []struct{ prefix, name string }{
		{"\xff\xfe\x00\x00", "UTF-32"},
		{"\x00\x00\xfe\xff", "UTF-32"},
		{"\xff\xfe", "UTF-16"},
		{"\xfe\xff", "UTF-16"},
	} {
		if bytes.HasPrefix(b, []byte(bom.prefix)) {
			return &EncodingError{s.name, bom.name}
		}
	}
	return nil
}

func (s *source) Close() error {
	if s.spool != nil && !s.lent {
		return s.spool.Close()
	}
	return nil
}
