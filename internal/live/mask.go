package live

import (
	"strings"

	"kesbridge/internal/preview"
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

// hide masks the values of Secrets in two states of one object; either may be
// nil.
func hide(before, after *Object) {
	var a, b map[string]any
	if before != nil {
		a = before.Object
	}
	if after != nil {
		b = after.Object
	}
	preview.Mask(a, b)
}
