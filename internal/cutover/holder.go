package cutover

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Holder is an object with which others go, whatever guards them: a Namespace,
// or the CRD of KES's or ESO's ExternalSecrets.
type Holder struct {
	Pos               manifest.Pos
	Ref               manifest.Ref
	NoPrune, NoDelete bool
}

const crdGroup = "apiextensions.k8s.io"

// HolderOf reads a rendered object; ok is false if nothing of ours goes with it.
func HolderOf(o map[string]any) (h Holder, ok bool) {
	h.Ref = RefOf(o)
	h.Ref.Namespace = ""
	switch {
	case h.Ref.Group == "" && h.Ref.Kind == "Namespace":
	case h.Ref.Group == crdGroup && h.Ref.Kind == "CustomResourceDefinition" && slices.Contains([]string{"externalsecrets." + kes.Group, "externalsecrets." + eso.Group, "clusterexternalsecrets." + eso.Group}, h.Ref.Name):
	default:
		return h, false
	}
	notes := at(o, "metadata", "annotations")
	sync, _ := notes[SyncOptions].(string)
	var m Maker
	m.options(sync, "")
	h.NoPrune, h.NoDelete = m.NoPrune, m.NoDelete
	return h, true
}

// holders says what goes with a Namespace or a CRD that leaves Git: deleting one
// deletes all in it, also what is guarded, also under propagation orphan.
func (t *transition) holders() {
	for _, h := range t.before.Holders {
		stays := slices.ContainsFunc(t.after.Holders, func(o Holder) bool {
			return o.Ref.Group == h.Ref.Group && o.Ref.Kind == h.Ref.Kind && o.Ref.Name == h.Ref.Name
		})
		switch {
		case t.after.Removed && h.Ref.Group == crdGroup: // appcontroller.go, shouldBeDeleted: CRDs stay
		case stays || t.after.Removed && h.NoDelete || !t.after.Removed && h.NoPrune:
		case h.Ref.Kind == "Namespace":
			t.namespaceGone(&h)
		case h.Ref.Name == "externalsecrets."+kes.Group:
			t.gone(rule.PrunedKES, &h, "every KES resource of the cluster is deleted with its CRD, and every Secret that one still owns",
				"keep the CRD until nothing of KES is left: kesbridge cutover status -A --exit-code")
		default:
			t.gone(rule.PrunedTarget, &h, "every resource of the cluster is deleted with its CRD, and every Secret that one owns", "keep the CRD")
		}
	}
}

func (t *transition) namespaceGone(h *Holder) {
	var names []string
	for _, list := range [][]Maker{t.before.Makers, t.after.Makers} {
		for i := range list {
			if m := &list[i]; m.Ref.Namespace == h.Ref.Name && !slices.Contains(names, m.Secret) {
				names = append(names, m.Secret)
			}
		}
	}
	if len(names) == 0 {
		return
	}
	const most = 5
	more := ""
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	t.gone(rule.PrunedTarget, h, "all Secrets in the namespace are deleted with it: "+strings.Join(names, ", ")+more,
		"keep the Namespace, or sync it with argocd.argoproj.io/sync-options: Prune=false,Delete=false before it leaves Git: neither guards on what is in it nor propagation orphan hold against its deletion")
}

func (t *transition) gone(r rule.Rule, h *Holder, message, fix string) {
	r.Fix = fix
	t.findings = append(t.findings, r.At(h.Pos, h.Ref, "%s", message))
}
