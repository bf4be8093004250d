package handover

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Touched is the annotation by which ESO is woken.
const Touched = "kesbridge/touched"

// handing is the hand-over of one Secret. Each step looks at the cluster
// first, so that it can be done again.
type handing struct {
	r       *runner
	it      *Item
	result  *Result
	changed bool
	// begin is what the Secret was before; data only if this run read it.
	begin  Entry
	data   map[string][]byte
	proved bool
}

func (h *handing) key() (string, string) { return h.it.Namespace, h.it.Name }

// note writes to the journal before something is changed.
func (h *handing) note(e Entry) error {
	e.Run, e.Namespace, e.Secret = h.r.id, h.it.Namespace, h.it.Name
	e.SecretUID, e.KESUID, e.ESOUID = h.begin.SecretUID, h.begin.KESUID, h.begin.ESOUID
	return h.r.o.Journal.note(e)
}

func (h *handing) step(format string, args ...any) {
	h.result.Steps = append(h.result.Steps, fmt.Sprintf(format, args...))
}

// do goes through the steps.
func (h *handing) do(ctx context.Context) error {
	for range maxConflicts {
		f, err := h.read(ctx)
		if err != nil {
			return err
		}
		problems := f.check(h.r.o.AllowUnknownKeys || h.r.o.Prove)
		app, err := h.r.argo.get(ctx, h.it.App)
		if err != nil {
			return err
		}
		if problems = append(problems, checkArgo(app, f.kes, f.eso)...); len(problems) > 0 {
			return &RefusedError{h.it.Namespace, h.it.Name, problems}
		}
		if !h.r.o.Yes {
			h.plan(f)
			return nil
		}
		if h.r.o.Prove {
			if err := h.prove(ctx, f); err != nil {
				return err
			}
		}
		if err := h.remember(f); err != nil {
			return err
		}
		moved, err := h.move(ctx, f)
		if conflict(err) {
			continue // somebody wrote the Secret: look at everything again
		}
		if err != nil {
			return err
		}
		return h.finish(ctx, f, moved)
	}
	return fmt.Errorf("move the owner of Secret %s/%s: something writes it all the time", h.it.Namespace, h.it.Name)
}

// maxConflicts is how often a Secret that others write is read again.
const maxConflicts = 20

// finish is what follows once the owner is ESO's.
func (h *handing) finish(ctx context.Context, f *facts, moved *secret) error {
	if err := h.adopt(ctx, f.eso, moved); err != nil {
		return err
	}
	version, err := h.compare(ctx, f.eso)
	if err != nil {
		return err
	}
	if err := h.removeKES(ctx); err != nil {
		return err
	}
	if err := h.confirm(ctx, f.eso, version); err != nil {
		return err
	}
	if !h.changed {
		return nil
	}
	return h.note(Entry{Step: StepDone})
}

// plan says what a run would do.
func (h *handing) plan(f *facts) {
	if h.r.o.Prove && !f.secret.adopted(f.eso) {
		h.step("let ESO write a second Secret for a moment, and compare both")
	}
	if !f.secret.ownedBy(f.eso.Metadata.UID) || f.secret.ownedByKES() {
		h.step("move the Secret's owner to ESO's %s", f.eso.Metadata.Name)
	}
	h.step("touch it, and wait until ESO has written the Secret")
	if f.kes != nil {
		h.step("remove the KES resource with orphan propagation")
	}
}

// read reads everything that a check needs, fresh.
func (h *handing) read(ctx context.Context) (*facts, error) {
	ns, name := h.key()
	f := &facts{}
	if h.it.kes != nil {
		f.first = h.it.kes.Status.LastSync
	}
	r, err := h.r.c.esoResource(ctx, "externalsecrets")
	if err != nil {
		return nil, err
	}
	if err := h.readKES(ctx, f); err != nil {
		return nil, err
	}
	if len(h.it.eso) > 1 {
		return nil, &RefusedError{ns, name, []Problem{{fmt.Sprintf("%d ESO resources write to the Secret: %s", len(h.it.eso), namesOf(h.it.eso)), "leave one of them"}}}
	}
	if len(h.it.eso) == 1 {
		e := &esoObject{}
		found, err := h.r.c.get(ctx, r, ns, h.it.eso[0].Metadata.Name, "", e)
		if err != nil {
			return nil, err
		}
		if found && e.target() == name {
			f.eso = e
		}
	}
	s := &secret{}
	found, err := h.r.c.get(ctx, secrets, ns, name, "", s)
	if err != nil {
		return nil, err
	}
	if found {
		f.secret = s
		h.result.SecretUID = s.Metadata.UID
	}
	return f, h.readStores(ctx, f)
}

func (h *handing) readKES(ctx context.Context, f *facts) error {
	ns, name := h.key()
	k := &kesObject{}
	found, err := h.r.c.get(ctx, kesObjects, ns, name, "", k)
	if err != nil || !found {
		return err
	}
	f.kes = k
	if h.it.kes == nil || h.it.kes.Metadata.UID != k.Metadata.UID {
		return &RefusedError{ns, name, []Problem{{"the KES resource was just created", "run again: its status.lastSync has to be watched first"}}}
	}
	running, err := h.r.kes.now(ctx)
	if f.served = serving(running, k); f.served != "" && h.r.o.ScaleKES && !h.r.o.Yes {
		h.step("scale KES to 0: %s", f.served)
		f.served = "" // a run would have done so
	}
	return err
}

func (h *handing) readStores(ctx context.Context, f *facts) error {
	ready := map[storeRef]string{}
	if f.eso != nil {
		for _, ref := range f.eso.stores() {
			v, err := h.r.storeReady(ctx, h.it.Namespace, ref)
			if err != nil {
				return err
			}
			ready[ref] = v
		}
	}
	f.stores = func(r storeRef) string { return ready[r] }
	return nil
}

// remember notes what was before anything is changed, once. An earlier run
// that was interrupted knows better: ESO may have written since.
func (h *handing) remember(f *facts) error {
	uid := f.secret.Metadata.UID
	if h.begin.SecretUID == uid {
		if !h.changed {
			h.data = f.secret.Data
			d, err := digestOf(h.data, h.begin.Digest.Salt)
			h.begin.Digest = &d
			return err
		}
		return nil
	}
	h.begin = Entry{Step: StepBegin, SecretUID: uid, Version: f.secret.Metadata.ResourceVersion, ESOUID: f.eso.Metadata.UID, ESO: f.eso.APIVersion + " " + f.eso.Metadata.Name}
	if f.kes != nil {
		h.begin.KESUID, h.begin.KES = f.kes.Metadata.UID, f.kes.raw
	}
	if old := h.r.o.Journal.begun(h.it.Namespace, h.it.Name, uid); old != nil && f.secret.ownedBy(f.eso.Metadata.UID) && old.Digest != nil {
		h.begin.Digest = old.Digest
		if h.begin.KES == nil {
			h.begin.KESUID, h.begin.KES = old.KESUID, old.KES
		}
		return nil
	}
	h.data = f.secret.Data
	d, err := digestOf(h.data, "")
	h.begin.Digest = &d
	return err
}

// change notes a step; before the first one, what was before.
func (h *handing) change(step, detail string) error {
	if !h.changed {
		if err := h.note(h.begin); err != nil {
			return err
		}
		h.changed = true
	}
	return h.note(Entry{Step: step, Detail: detail})
}

// owners are what the Secret's owners have to be: ESO's object the one
// controller, nothing of KES, all others as they are. ESO's own scheme makes
// its reference alike: controller and blockOwnerDeletion true.
func owners(list []metav1.OwnerReference, e *esoObject) []metav1.OwnerReference {
	var out []metav1.OwnerReference
	for _, o := range list {
		if !isKES(&o) && (!isESO(&o) || o.Name != e.Metadata.Name) {
			out = append(out, o)
		}
	}
	yes := true
	return append(out, metav1.OwnerReference{APIVersion: e.APIVersion, Kind: "ExternalSecret", Name: e.Metadata.Name, UID: types.UID(e.Metadata.UID), Controller: &yes, BlockOwnerDeletion: &yes})
}

// move makes ESO's object the owner, in one compare-and-swap: with another
// resourceVersion or uid nothing is written.
func (h *handing) move(ctx context.Context, f *facts) (*secret, error) {
	s := f.secret
	if s.ownedBy(f.eso.Metadata.UID) && !s.ownedByKES() && s.controller() != nil && string(s.controller().UID) == f.eso.Metadata.UID {
		return s, nil
	}
	if err := h.change(StepOwner, "from "+ownerNames(s.Metadata.OwnerReferences)); err != nil {
		return nil, err
	}
	body := map[string]any{"metadata": map[string]any{
		"uid": s.Metadata.UID, "resourceVersion": s.Metadata.ResourceVersion,
		"ownerReferences": owners(s.Metadata.OwnerReferences, f.eso),
	}}
	out := &secret{}
	if err := h.r.c.patch(ctx, secrets, h.it.Namespace, h.it.Name, body, metaOnly, out); err != nil {
		return nil, err
	}
	h.step("owner moved")
	return out, nil
}

func ownerNames(list []metav1.OwnerReference) string {
	s := ""
	for _, o := range list {
		s += ", " + o.APIVersion + " " + o.Kind + " " + o.Name
	}
	if s == "" {
		return "none"
	}
	return s[2:]
}

// How often ESO's work is looked at: soon first, and it is touched again where
// that was lost (ESO's own caches may have been behind).
const (
	firstLook  = 50 * time.Millisecond
	lastLook   = time.Second
	touchAgain = 15 * time.Second
)
