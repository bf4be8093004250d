package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/manifest"
)

// refresh reads everything again: the list may be minutes old. A KES object
// that is still on its way out is waited for.
func (b *returning) refresh(ctx context.Context) error {
	ns, name := b.key()
	it := &Item{Namespace: ns, Name: name}
	begun := time.Now()
	for wait := firstLook; ; wait = min(wait*3/2, lastLook) {
		k := &kesObject{}
		found, err := b.r.c.get(ctx, kesObjects, ns, name, "", k)
		if err != nil {
			return err
		}
		if found && k.Metadata.DeletionTimestamp == "" {
			it.kes = k
		}
		if !found || k.Metadata.DeletionTimestamp == "" {
			break
		}
		b.leaving = k.raw
		if !b.r.o.Yes {
			break
		}
		if time.Since(begun) > b.r.o.Timeout {
			return &StaysError{ns, name, false, k.Metadata.Finalizers}
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
	r, err := b.r.c.esoResource(ctx, "externalsecrets")
	if err != nil {
		return err
	}
	for _, old := range b.it.eso {
		e := &esoObject{}
		found, err := b.r.c.get(ctx, r, ns, old.Metadata.Name, "", e)
		if err != nil {
			return err
		}
		if found && e.target() == name {
			it.eso = append(it.eso, e)
		}
	}
	s := &secret{}
	found, err := b.r.c.get(ctx, secrets, ns, name, metaOnly, s)
	if found {
		it.secret = s
	}
	b.it = it
	return err
}

// manifest is the KES object as it has to be: the live one, or that of the
// journal.
func (b *returning) manifest() (map[string]any, error) {
	raw := json.RawMessage(nil)
	switch {
	case b.it.kes != nil:
		raw = b.it.kes.raw
	case b.leaving != nil:
		raw = b.leaving
	case b.saved == nil:
		return nil, b.refuse("there is no KES resource, and the journal holds none for this Secret in this cluster", "give the journal of the hand-over with --journal, or apply the KES resource from Git")
	case b.saved.SecretUID != b.it.secret.Metadata.UID:
		return nil, b.refuse("the Secret is another one than that of the journal", "apply the KES resource from Git instead, and then run again")
	default:
		raw = b.saved.KES
	}
	return restored(raw)
}

// restored takes out of a KES object what only the server sets, and what
// stopped KES for it. Owners go too: one that is gone would take the object,
// and the Secret with it. The guard keeps Argo CD from pruning it while Git
// doesn't have it yet.
func restored(raw json.RawMessage) (map[string]any, error) {
	var o map[string]any
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("read the saved KES resource: %w", err)
	}
	delete(o, "status")
	old, _ := o["metadata"].(map[string]any)
	meta := map[string]any{}
	for _, field := range []string{"name", "namespace", "labels", "annotations"} {
		if v, ok := old[field]; ok {
			meta[field] = v
		}
	}
	notes, _ := old["annotations"].(map[string]any)
	if notes == nil {
		notes = map[string]any{}
	}
	for k, v := range guarded(func(key string) string { s, _ := notes[key].(string); return s }) {
		notes[k] = v
	}
	meta["annotations"] = notes
	o["metadata"] = meta
	if spec, ok := o["spec"].(map[string]any); ok {
		if id, _ := spec["controllerId"].(string); strings.HasPrefix(id, Frozen) {
			delete(spec, "controllerId")
		}
	}
	return o, nil
}

// guarded are the annotations that keep Argo CD from pruning an object, merged
// into what it has.
func guarded(have func(string) string) map[string]string {
	var m manifest.Map
	keys := []string{cutover.SyncOptions, cutover.CompareOptions}
	for _, k := range keys {
		if v := have(k); v != "" {
			m.Set(k, v)
		}
	}
	cutover.Guard(&m, config.GuardPrune)
	out := map[string]string{}
	for _, k := range keys {
		out[k], _ = m.Get(k).(string)
	}
	return out
}

// guard puts Argo CD's options into the live ESO object.
func (b *returning) guard(ctx context.Context, e *esoObject) error {
	want := guarded(func(k string) string { return e.Metadata.Annotations[k] })
	same := true
	for k, v := range want {
		same = same && e.Metadata.Annotations[k] == v
	}
	if same {
		return nil
	}
	if err := b.change(StepGuard, ""); err != nil {
		return err
	}
	r, err := b.r.c.esoResource(ctx, "externalsecrets")
	if err != nil {
		return err
	}
	body := map[string]any{"metadata": map[string]any{"uid": e.Metadata.UID, "annotations": want}}
	if err := b.r.c.patch(ctx, r, b.it.Namespace, e.Metadata.Name, body, metaOnly, nil); err != nil {
		return err
	}
	b.step("ESO resource guarded")
	return nil
}

// restore brings the KES object back, or takes the controllerId out of one
// that is there.
func (b *returning) restore(ctx context.Context, wanted map[string]any) error {
	if k := b.it.kes; k != nil {
		b.owned = k.Metadata.UID
		if !strings.HasPrefix(k.controllerID(), Frozen) {
			return nil
		}
		if err := b.change(StepRestore, "controllerId taken out"); err != nil {
			return err
		}
		notes := guarded(func(key string) string { return k.Metadata.Annotations[key] })
		body := map[string]any{"metadata": map[string]any{"uid": k.Metadata.UID, "annotations": notes}, "spec": map[string]any{"controllerId": nil}}
		if err := b.r.c.patch(ctx, kesObjects, b.it.Namespace, b.it.Name, body, metaOnly, nil); err != nil {
			return err
		}
		b.step("controllerId taken out of the KES resource")
		return nil
	}
	if err := b.change(StepRestore, "from the journal"); err != nil {
		return err
	}
	var made kesObject
	err := b.r.c.create(ctx, kesObjects, b.it.Namespace, wanted, &made)
	if exists(err) { // a request that was answered and not heard, or Argo CD
		if _, err = b.r.c.get(ctx, kesObjects, b.it.Namespace, b.it.Name, "", &made); err == nil && strings.HasPrefix(made.controllerID(), Frozen) {
			return fmt.Errorf("KES resource %s/%s came back frozen: Git still says so; run again", b.it.Namespace, b.it.Name)
		}
	}
	if err != nil {
		return err
	}
	b.owned, b.begin.KESUID = made.Metadata.UID, made.Metadata.UID
	b.step("KES resource created")
	return nil
}
