package handover

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// adopt touches ESO's object and waits until the Secret itself shows that ESO
// wrote it. Marks that were there before prove nothing: then ESO's object must
// also say that it was synced since.
func (h *handing) adopt(ctx context.Context, e *esoObject, s *secret) error {
	r, err := h.r.c.esoResource(ctx, "externalsecrets")
	if err != nil {
		return err
	}
	old := s.marked()
	if old && !h.changed && !h.it.leftover() {
		return nil
	}
	begun := time.Now()
	var touched time.Time
	synced := e.Status.SyncedResourceVersion
	message := ""
	for wait := firstLook; time.Since(begun) < h.r.o.Timeout; wait = min(wait*3/2, lastLook) {
		if touched.IsZero() || time.Since(touched) > touchAgain {
			if err := h.touch(ctx, r, e); err != nil {
				return err
			}
			touched = time.Now()
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
		now, err := h.look(ctx)
		if err != nil {
			return err
		}
		if !now.adopted(e) {
			continue
		}
		if !old {
			h.step("ESO wrote the Secret")
			return nil
		}
		var fresh esoObject
		if _, err := h.r.c.get(ctx, r, h.it.Namespace, e.Metadata.Name, "", &fresh); err != nil {
			return err
		}
		if c := fresh.ready(); c != nil {
			message = c.Message
			if c.Status == "True" && fresh.Status.SyncedResourceVersion != synced {
				h.step("ESO wrote the Secret")
				return nil
			}
		}
	}
	if message == "" {
		var fresh esoObject
		if _, err := h.r.c.get(ctx, r, h.it.Namespace, e.Metadata.Name, "", &fresh); err == nil && fresh.ready() != nil {
			message = fresh.ready().Message
		}
	}
	return &NotAdoptedError{h.it.Namespace, h.it.Name, e.Metadata.Name, message, time.Since(begun)}
}

// leftover reports whether something of KES is left to take away.
func (it *Item) leftover() bool { return it.kes != nil || it.secret != nil && it.secret.ownedByKES() }

func (h *handing) touch(ctx context.Context, r resource, e *esoObject) error {
	if err := h.change(StepTouch, ""); err != nil {
		return err
	}
	body := map[string]any{"metadata": map[string]any{"uid": e.Metadata.UID, "annotations": map[string]string{Touched: time.Now().UTC().Format(time.RFC3339Nano)}}}
	return h.r.c.patch(ctx, r, h.it.Namespace, e.Metadata.Name, body, metaOnly, nil)
}

// look reads the Secret's metadata and holds it to be the same Secret, and
// still ESO's.
func (h *handing) look(ctx context.Context) (*secret, error) {
	s := &secret{}
	found, err := h.r.c.get(ctx, secrets, h.it.Namespace, h.it.Name, metaOnly, s)
	if err != nil {
		return nil, err
	}
	return s, h.same(s, found)
}

func (h *handing) same(s *secret, found bool) error {
	switch {
	case !found:
		return &LostError{h.it.Namespace, h.it.Name, h.begin.SecretUID, ""}
	case s.Metadata.UID != h.begin.SecretUID:
		return &LostError{h.it.Namespace, h.it.Name, h.begin.SecretUID, s.Metadata.UID}
	case s.ownedByKES():
		return &TakenBackError{h.it.Namespace, h.it.Name}
	}
	return nil
}

// compare holds the Secret's data to what it was, and gives its version.
func (h *handing) compare(ctx context.Context, e *esoObject) (string, error) {
	s := &secret{}
	found, err := h.r.c.get(ctx, secrets, h.it.Namespace, h.it.Name, "", s)
	if err == nil {
		err = h.same(s, found)
	}
	if err != nil {
		return "", err
	}
	if !s.adopted(e) {
		return "", fmt.Errorf("compare Secret %s/%s: it lost ESO's marks again", h.it.Namespace, h.it.Name)
	}
	ok, err := h.begin.Digest.fits(s.Data)
	if err != nil {
		return "", err
	}
	if !ok {
		different := &DifferentError{h.it.Namespace, h.it.Name, differing(h.data, s.Data)}
		if !h.r.o.AllowDifferent {
			return "", different
		}
		h.result.Problems = []Problem{{different.Error(), "accepted by --allow-different-data"}}
	}
	return s.Metadata.ResourceVersion, nil
}

// differing names the keys that differ; none if the old data isn't known.
func differing(before, after map[string][]byte) []string {
	if before == nil {
		return nil
	}
	set := map[string]bool{}
	for k, v := range before {
		if w, ok := after[k]; !ok || string(w) != string(v) {
			set[k] = true
		}
	}
	for k := range after {
		if _, ok := before[k]; !ok {
			set[k] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// removeKES removes the KES object with orphan propagation and waits until it
// is gone, which is the garbage collector's work.
func (h *handing) removeKES(ctx context.Context) error {
	ns, name := h.key()
	begun, asked := time.Now(), ""
	for wait := firstLook; ; wait = min(wait*3/2, lastLook) {
		k := &kesObject{}
		found, err := h.r.c.get(ctx, kesObjects, ns, name, "", k)
		switch {
		case err != nil:
			return err
		case !found && asked != "":
			h.step("KES resource removed")
			return nil
		case !found:
			return nil
		case asked != "" && k.Metadata.UID != asked:
			return &StaysError{ns, name, true, nil}
		case asked == "":
			running, err := h.r.kes.now(ctx)
			if err != nil {
				return err
			}
			if why := serving(running, k); why != "" {
				return &RefusedError{ns, name, []Problem{{why, "stop it and run again"}}}
			}
			asked = k.Metadata.UID
			if k.Metadata.DeletionTimestamp == "" {
				if err := h.change(StepDelete, ""); err != nil {
					return err
				}
				if err := h.r.c.remove(ctx, kesObjects, ns, name, asked, "Orphan"); err != nil {
					return err
				}
			}
		case time.Since(begun) > h.r.o.Timeout:
			return &StaysError{ns, name, false, k.Metadata.Finalizers}
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

// confirm looks once more, after everything: a Secret that was written since
// the comparison is compared again.
func (h *handing) confirm(ctx context.Context, e *esoObject, version string) error {
	s, err := h.look(ctx)
	if err != nil {
		return err
	}
	if s.Metadata.ResourceVersion == version && s.adopted(e) {
		return nil
	}
	_, err = h.compare(ctx, e)
	return err
}
