package proof

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// secret is what reaches the API server and is compared.
type secret struct {
	data                map[string][]byte
	kind                string // type
	labels, annotations map[string]string
}

// result of one sync: a Secret, or an error (nothing is written), or what
// can't be told.
type result struct {
	secret *secret
	err    error
	unsure string
	// fatal: another case would take as long.
	fatal bool
}

// syncError is a reason why a controller writes nothing.
type syncError struct{ msg string }

func (e *syncError) Error() string { return e.msg }

func failf(format string, args ...any) error { return &syncError{fmt.Sprintf(format, args...)} }

// unsureError stops a simulation that can't go on faithfully.
type unsureError struct {
	why   string
	fatal bool
}

func (e *unsureError) Error() string { return unsurePrefix + e.why }

const (
	unsurePrefix = "not provable: "
	absent       = "(absent)"
	wrote        = "writes the Secret"
	maxShown     = 200
)

func (r result) show() string {
	switch {
	case r.unsure != "":
		return unsurePrefix + r.unsure
	case r.err != nil:
		return "error: " + clip(r.err.Error())
	case r.secret == nil:
		return absent
	}
	return wrote
}

// admit checks what the API server checks of keys (ValidateSecret): a
// conversion may not turn a refused Secret into one that is written.
func (s *secret) admit() error {
	for _, k := range sortedKeys(s.data) {
		if k == "" || len(k) > 253 || k == "." || k == ".." || strings.ContainsFunc(k, func(r rune) bool {
			return !(r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._", r)))
		}) {
			return failf("the API server refuses the key %q", k)
		}
	}
	return nil
}

type keyDiff struct{ key, a, b string }

// controllerKeys are what ESO itself puts on a Secret; they are left out by
// exact key (facts: eso-templates.md B6).
var controllerKeys = map[string]bool{
	"reconcile.external-secrets.io/data-hash":  true,
	"reconcile.external-secrets.io/created-by": true,
	"reconcile.external-secrets.io/managed":    true,
}

func (s *secret) diff(o *secret) []keyDiff {
	var out []keyDiff
	if s.kind != o.kind {
		out = append(out, keyDiff{"type", quoted(s.kind), quoted(o.kind)})
	}
	add := func(section string, a, b map[string]string) {
		for _, k := range unionKeys(a, b) {
			x, inA := a[k]
			y, inB := b[k]
			if inA == inB && x == y || controllerKeys[k] && section != "data" {
				continue
			}
			out = append(out, keyDiff{section + "." + k, shown(x, inA), shown(y, inB)})
		}
	}
	add("data", texts(s.data), texts(o.data))
	add("labels", s.labels, o.labels)
	add("annotations", s.annotations, o.annotations)
	return out
}

func texts(m map[string][]byte) map[string]string {
	out := make(map[string]string, len(m))
	for k, v := range m {
		out[k] = string(v)
	}
	return out
}

func unionKeys(a, b map[string]string) []string {
	var keys []string
	for k := range a {
		keys = append(keys, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func shown(s string, ok bool) string {
	if !ok {
		return absent
	}
	return quoted(s)
}

// quoted prints bytes so that a terminal and a log can take them.
func quoted(s string) string { return fmt.Sprintf("%q", clip(s)) }

func clip(s string) string {
	if len(s) > maxShown {
		return strings.ToValidUTF8(s[:maxShown], "") + "..."
	}
	return s
}
