package input

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"kesbridge/render"
)

// What is read of a record at most. It may come from a cache that others write.
const (
	maxRecord = 256 << 20
	maxPath   = 4096
	format    = 1
	// keep are the applications of other runs that a record keeps.
	keep = 20_000
)

// Path is where the record of a repository lies below the user's directory for
// caches. root is absolute.
func Path(cache, root string) string {
	sum := sha256.Sum256([]byte(filepath.Clean(root)))
	return filepath.Join(cache, "kesbridge", "inputs", hex.EncodeToString(sum[:16])+".json")
}

// Record keeps the inputs of applications from one run to the next, with a
// digest of what they were. So what an application depends on is known without
// rendering it, as long as none of that has changed since. Its methods may be
// called by several goroutines.
//
// A record decides only what is rendered again. It holds no names of files
// outside the repository, and one that isn't understood is as good as none; but
// who can write to it can keep an application from being looked at, so that it
// belongs in a place that only trusted runs write to.
type Record struct {
	// Ignored says why what the file holds isn't used; nil for no file.
	Ignored error

	path    string
	started time.Time

	mu   sync.Mutex
	apps map[string]*entry
	used map[string]bool
	dirs map[string]*contents // by root
}

// entry is one application.
type entry struct {
	// Digest is the caller's, of all that decides how it is rendered.
	Digest string `json:"digest"`
	// State is a digest of what the inputs are.
	State   string   `json:"state"`
	Files   []string `json:"files,omitempty"`
	Dirs    []string `json:"dirs,omitempty"`
	Missing []string `json:"missing,omitempty"`
}

type file struct {
	Format int               `json:"kesbridgeInputs"`
	Apps   map[string]*entry `json:"apps"`
}

// Open reads a record. One that isn't there, or can't be used, is empty.
func Open(path string) *Record {
	r := &Record{path: path, started: time.Now(), apps: map[string]*entry{}, used: map[string]bool{}, dirs: map[string]*contents{}}
	f, err := readRecord(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		r.Ignored = fmt.Errorf("read record of inputs %s: %w", path, err)
	default:
		r.apps = f.Apps
	}
	return r
}

func readRecord(name string) (*file, error) {
	fi, err := os.Stat(name) // before opening: a pipe would wait
	switch {
	case err != nil:
		return nil, err
	case !fi.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case fi.Size() > maxRecord:
		return nil, fmt.Errorf("larger than %d bytes", maxRecord)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRecord))
	if err != nil {
		return nil, err
	}
	out := &file{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		return nil, err
	}
	if out.Format != format || out.Apps == nil {
		return nil, fmt.Errorf("its format is %d, not %d", out.Format, format)
	}
	for id, e := range out.Apps {
		if e == nil || !e.valid() {
			return nil, fmt.Errorf("the application %q is broken", id)
		}
	}
	return out, nil
}

// valid says whether the paths are as New gives them.
func (e *entry) valid() bool {
	for _, list := range [][]string{e.Files, e.Dirs, e.Missing} {
		for _, name := range list {
			if len(name) > maxPath || !fs.ValidPath(name) || !filepath.IsLocal(filepath.FromSlash(name)) {
				return false
			}
		}
	}
	return len(e.Files)+len(e.Missing) > 0 // nothing renders from nothing
}

// Known gives the inputs of an application that was recorded with the same
// digest and whose inputs are all what they were. root is the repository's
// directory.
func (r *Record) Known(id, digest, root string) (Set, bool) {
	r.mu.Lock()
	e := r.apps[id]
	r.mu.Unlock()
	if e == nil || e.Digest != digest {
		return Set{}, false
	}
	s := New(root, render.Inputs{Files: e.Files, Dirs: e.Dirs, Missing: e.Missing})
	state, err := r.contents(root).state(s)
	if err != nil || state != e.State {
		return Set{}, false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[id] = true
	return s, true
}

// Put records the inputs that an application had when it was rendered in this
// run. Where one of them was written after Open, so that it may not be what
// was rendered, or can't be read, the application is forgotten.
func (r *Record) Put(id, digest string, s Set) {
	c := r.contents(s.root)
	state, err := c.state(s)
	if err == nil {
		// Kernels stamp files with a clock that is some milliseconds late.
		err = c.unchanged(s, r.started.Add(-20*time.Millisecond))
	}
	e := &entry{Digest: digest, State: state, Files: s.in.Files, Dirs: s.in.Dirs, Missing: s.in.Missing}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || !e.valid() {
		delete(r.apps, id)
		return
	}
	r.apps[id], r.used[id] = e, true
}

// Save writes the record, whole or not at all. Applications that this run
// didn't ask for stay in it.
func (r *Record) Save() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.apps) > keep {
		for id := range r.apps {
			if !r.used[id] {
				delete(r.apps, id)
			}
		}
	}
	data, err := json.Marshal(file{Format: format, Apps: r.apps})
	if err == nil {
		err = writeAtomic(r.path, data)
	}
	if err != nil {
		return fmt.Errorf("write record of inputs: %w", err)
	}
	return nil
}

func writeAtomic(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func (r *Record) contents(root string) *contents {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.dirs[root]
	if c == nil {
		c = &contents{root: root, of: map[string]*content{}}
		r.dirs[root] = c
	}
	return c
}
