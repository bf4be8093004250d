package cutover

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kesbridge/internal/config"
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

// Readers are the readers of Secrets, by name and then by namespace. Nil: nobody
// looked.
type Readers map[string]map[string][]Reader

// SecretKey is what a Secret is known by.
func SecretKey(namespace, name string) string { return namespace + "/" + name }

// anywhere is the namespace of references whose namespace is decided elsewhere.
const anywhere = "*"

// Add takes a reader once.
func (r Readers) Add(namespace, name string, one Reader) {
	if r[name] == nil {
		r[name] = map[string][]Reader{}
	}
	if !slices.Contains(r[name][namespace], one) {
		r[name][namespace] = append(r[name][namespace], one)
	}
}

// AddObject takes what an object reads; namespace is for one that names none.
// more are the references of the configuration, app names another application.
func (r Readers) AddObject(o map[string]any, namespace, app string, more []config.ReferenceRule) {
	ref := RefOf(o)
	if ref.Namespace == "" {
		ref.Namespace = namespace
	}
	for _, f := range References(ref, o, more) {
		ns := f.Namespace
		if f.Loose {
			ns = anywhere
		}
		r.Add(ns, f.Name, Reader{Ref: ref, Path: f.Field, App: app})
	}
}

// Of are the readers of the Secret that an object makes. Where either names no
// namespace, nobody knows that it isn't the other's.
func (r Readers) Of(m *Maker) []Reader {
	var out []Reader
	for _, ns := range slices.Sorted(maps.Keys(r[m.Secret])) {
		if ns == m.Ref.Namespace || ns == "" || ns == anywhere || m.Ref.Namespace == "" || m.Ref.Namespace == EveryNamespace {
			out = append(out, r[m.Secret][ns]...)
		}
	}
	return out
}

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
