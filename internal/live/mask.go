package live

import (
	"strings"
)

// mask is what argocd prints for a value of a Secret; four more for each
// different one of the same key (gitops-engine pkg/diff, hide).
const (
	mask     = "++++++++"
	maskMore = "++++"
)

// masked reports whether argocd printed a value in place of the real one. A
// Secret whose real base64 is nothing but plus signs would be taken for one,
// too: then it isn't compared, and said so.
func masked(v any) bool {
	s, ok := v.(string)
	return ok && strings.HasPrefix(s, mask) && strings.Trim(s, "+") == "" && len(s)%len(maskMore) == 0
}

func isSecret(o *Object) bool {
	gvk := gvkOf(o)
	return gvk.Group == "" && gvk.Kind == "Secret"
}

// unmask makes masked values of a Secret equal on both sides: what can't be
// compared is no difference. It counts them.
func unmask(target, liveObject *Object) int {
	if !isSecret(liveObject) {
		return 0
	}
	n := 0
	for _, path := range [][]string{{"data"}, {"metadata", "annotations"}} {
		have, want := nested(liveObject.Object, path), nested(target.Object, path)
		for k, v := range have {
			if w, ok := want[k]; ok && (masked(v) || masked(w)) && k != lastApplied {
				have[k], want[k] = mask, mask
				n++
			}
		}
	}
	return n
}

func nested(m map[string]any, path []string) map[string]any {
	for _, key := range path {
		m, _ = m[key].(map[string]any)
	}
	return m
}

// Mask hides the values of Secrets in two states of one object, so that equal
// ones stay equal and different ones different. Either may be nil.
func Mask(before, after *Object) {
	if before != nil && !isSecret(before) || after != nil && !isSecret(after) {
		return
	}
	for _, o := range []*Object{before, after} {
		if o == nil {
			continue
		}
		// Exported manifests carry it, in Git, too: all values are in it.
		if notes := nested(o.Object, []string{"metadata", "annotations"}); notes[lastApplied] != nil {
			notes[lastApplied] = mask
		}
	}
	for _, field := range []string{"data", "stringData"} {
		var a, b map[string]any
		if before != nil {
			a = nested(before.Object, []string{field})
		}
		if after != nil {
			b = nested(after.Object, []string{field})
		}
		for k, v := range a {
			w, both := b[k]
			a[k] = mask
			if both && w == v {
				b[k] = mask
			} else if both {
				b[k] = mask + maskMore
			}
		}
		for k := range b {
			if _, ok := a[k]; !ok {
				b[k] = mask
			}
		}
	}
}
