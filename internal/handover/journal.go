package handover

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// Journal is a file of JSON lines: what was done to which Secret, by whom, and
// what is needed to go back. It holds digests, never a value. What a run does
// next is decided by the cluster alone; the journal says what was before.
type Journal struct {
	mu   sync.Mutex
	file *os.File
	name string
	who  Who
	past []Entry
}

// Who is the person and the cluster of an entry.
type Who struct {
	// Cluster is the API server's address, Context the kubeconfig's.
	Cluster string `json:"cluster"`
	Context string `json:"context,omitempty"`
	// User is who the API server takes us for; Account is that of the machine.
	User    string `json:"user,omitempty"`
	Account string `json:"account,omitempty"`
	Version string `json:"kesbridge"`
}

// The steps that entries are about; a change is noted before it is sent.
const (
	StepBegin    = "begin"    // what there was before anything is changed
	StepOwner    = "owner"    // the Secret's owner is moved
	StepTouch    = "touch"    // the ESO object is touched
	StepDelete   = "delete"   // the KES object is removed with orphan propagation
	StepDone     = "done"     // ESO has the Secret, nothing of KES remains
	StepFailed   = "failed"   // stopped; Error says why
	StepScale    = "scale"    // KES's Deployment is scaled
	StepGuard    = "guard"    // rollback: the ESO object is guarded
	StepRestore  = "restore"  // rollback: the KES object is created
	StepTakeover = "takeover" // rollback: KES owns the Secret again
	StepRemove   = "remove"   // rollback: the ESO object is removed
	StepBack     = "back"     // rollback: done
)

// Entry is one line.
type Entry struct {
	Time      time.Time `json:"time"`
	Run       string    `json:"run"`
	Who       Who       `json:"who"`
	Step      string    `json:"step"`
	Namespace string    `json:"namespace,omitempty"`
	Secret    string    `json:"secret,omitempty"`
	SecretUID string    `json:"secretUID,omitempty"`
	Version   string    `json:"resourceVersion,omitempty"`
	KESUID    string    `json:"kesUID,omitempty"`
	ESOUID    string    `json:"esoUID,omitempty"`
	ESO       string    `json:"eso,omitempty"` // apiVersion and name
	Digest    *Digest   `json:"digest,omitempty"`
	// KES is the KES object as it was.
	KES    json.RawMessage `json:"kes,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// Digest stands for the data of a Secret: HMAC-SHA256 over keys and values
// with a salt of its own, so that equal data of two Secrets doesn't show.
type Digest struct {
	Salt string `json:"salt"`
	Sum  string `json:"sum"`
}

// digestOf makes the digest of data; salt "" makes a new one.
func digestOf(data map[string][]byte, salt string) (Digest, error) {
	key, err := base64.StdEncoding.DecodeString(salt)
	if err != nil {
		return Digest{}, fmt.Errorf("read the digest's salt: %w", err)
	}
	if len(key) == 0 {
		key = make([]byte, 32)
		rand.Read(key)
	}
	h := hmac.New(sha256.New, key)
	part := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	for _, k := range slices.Sorted(maps.Keys(data)) {
		part([]byte(k))
		part(data[k])
	}
	return Digest{base64.StdEncoding.EncodeToString(key), hex.EncodeToString(h.Sum(nil))}, nil
}

// fits reports whether data is what the digest was made of.
func (d Digest) fits(data map[string][]byte) (bool, error) {
	now, err := digestOf(data, d.Salt)
	return err == nil && hmac.Equal([]byte(now.Sum), []byte(d.Sum)), err
}

// JournalError is a journal that can't be used.
type JournalError struct {
	File string
	Line int
	Err  error
}

func (e *JournalError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("read the journal %s:%d: %v", e.File, e.Line, e.Err)
	}
	return fmt.Sprintf("open the journal %s: %v", e.File, e.Err)
}
func (e *JournalError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *JournalError) Hint() string {
	return "choose another file with --journal; nothing was changed in the cluster"
}

// OpenJournal reads a journal and opens it for appending; readable by its
// owner alone.
func OpenJournal(name string, who Who) (*Journal, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, &JournalError{name, 0, err}
	}
	past, err := ReadJournal(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &JournalError{name, 0, err}
	}
	j := &Journal{file: f, name: name, who: who, past: past}
	if err := j.prepare(); err != nil {
		f.Close()
		return nil, &JournalError{name, 0, err}
	}
	return j, nil
}

// LoadJournal reads a journal that nothing will be written to; one that isn't
// there is empty.
func LoadJournal(name string) (*Journal, error) {
	past, err := ReadJournal(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &Journal{name: name, past: past}, nil
}

// prepare checks the file's mode, and ends a line that a crash cut off.
func (j *Journal) prepare() error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := j.file.Chmod(0o600); err != nil {
			return fmt.Errorf("others may read it: %w", err)
		}
	}
	if info.Size() == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := j.file.ReadAt(last, info.Size()-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = j.file.WriteString("\n")
	}
	return err
}

// ReadJournal reads all entries. A line that a crash cut off is left out.
func ReadJournal(name string) ([]Entry, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &JournalError{name, 0, err}
	}
	defer f.Close()
	var out []Entry
	in := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, &JournalError{name, n, err}
		}
		if text := bytes.TrimSpace(line); len(text) > 0 {
			var e Entry
			if bad := json.Unmarshal(text, &e); bad == nil {
				out = append(out, e)
			} else if syntax := (*json.SyntaxError)(nil); !errors.As(bad, &syntax) || int(syntax.Offset) < len(text) {
				return nil, &JournalError{name, n, bad}
			}
		}
		if err == io.EOF {
			return out, nil
		}
	}
}

// note appends an entry and waits until the disk has it.
func (j *Journal) note(e Entry) error {
	e.Time, e.Who = time.Now().UTC(), j.who
	data, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err = j.file.Write(append(data, '\n')); err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write the journal %s: %w", j.name, err)
	}
	return nil
}

// begun is the entry in which an unfinished hand-over of that very Secret
// began, or nil: what its data was before ESO wrote it.
func (j *Journal) begun(namespace, name, uid string) *Entry {
	var found *Entry
	for i := range j.past {
		e := &j.past[i]
		if e.Namespace != namespace || e.Secret != name || e.SecretUID != uid || e.Who.Cluster != j.who.Cluster {
			continue
		}
		switch e.Step {
		case StepBegin:
			if found == nil {
				found = e
			}
		case StepDone, StepBack:
			found = nil
		}
	}
	return found
}

// Close closes the file.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	return j.file.Close()
}

// Name is the file's name.
func (j *Journal) Name() string { return j.name }
