package cutover

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
)

// Reader is an object that reads a Secret by a typed reference.
type Reader struct {
	Ref manifest.Ref
	// Path is the field that names the Secret.
	Path string
	// App is the application that holds the reader, where that is another one.
	App string
}

func (r Reader) String() string {
	s := r.Ref.String()
	if r.Path != "" {
		s += " (" + r.Path + ")"
	}
	if r.App != "" {
		s += " of app " + r.App
	}
	return s
}

// Readers are the readers of Secrets, by SecretKey. Nil: nobody looked.
type Readers map[string][]Reader

// SecretKey is what a Secret is known by.
func SecretKey(namespace, name string) string { return namespace + "/" + name }

// Add takes a reader once.
func (r Readers) Add(namespace, name string, one Reader) {
	key := SecretKey(namespace, name)
	if !slices.Contains(r[key], one) {
		r[key] = append(r[key], one)
	}
}

// Of are the readers of the Secret that an object makes; an object without a
// namespace is read by those without one, too.
func (r Readers) Of(m *Maker) []Reader { return r[SecretKey(m.Ref.Namespace, m.Secret)] }

// sayReaders names readers, at most four of them: objects, each once.
func sayReaders(list []Reader) string {
	const most = 4
	var names []string
	for _, r := range list {
		if s := r.String(); !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	more := ""
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ") + more
}

// reads is the verb for readers.
func reads(list []Reader) string {
	if len(list) == 1 {
		return sayReaders(list) + " reads it"
	}
	return sayReaders(list) + " read it"
}
