package manifest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool keeps bytes in memory up to a limit and then in a temporary file
// that has no name, so that nothing of it survives the process.
type spool struct {
	dir   string
	limit int64

	mem  []byte
	file *os.File
	buf  *bufio.Writer
	size int64
}

const spoolBuffer = 64 << 10

func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) > s.limit {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	if s.file == nil {
		s.mem = append(s.mem, p...)
		s.size += int64(len(p))
		return len(p), nil
	}
	n, err := s.buf.Write(p)
	s.size += int64(n)
	if err != nil {
		return n, fmt.Errorf("write temporary file: %w", err)
	}
	return n, nil
}

func (s *spool) spill() error {
	f, err := os.CreateTemp(s.dir, "kesbridge-")
	if err != nil {
		return fmt.Errorf("create temporary file: %w", err)
	}
	// Manifests may hold secrets: the file loses its name before a byte is
	// in it. (CreateTemp gives mode 0600.)
	if err := os.Remove(f.Name()); err != nil {
		return fmt.Errorf("unlink temporary file: %w", errors.Join(err, f.Close()))
	}
	s.file, s.buf = f, bufio.NewWriterSize(f, spoolBuffer)
	if _, err := s.buf.Write(s.mem); err != nil {
		return fmt.Errorf("write temporary file: %w", err)
	}
	s.mem = nil
	return nil
}

// flush makes everything written readable.
func (s *spool) flush() error {
	if s.buf == nil {
		return nil
	}
	if err := s.buf.Flush(); err != nil {
		return fmt.Errorf("write temporary file: %w", err)
	}
	return nil
}

func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	if off >= int64(len(s.mem)) {
		return 0, io.EOF
	}
	n := copy(p, s.mem[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (s *spool) Close() error {
	s.mem = nil
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file, s.buf = nil, nil
	return f.Close()
}
