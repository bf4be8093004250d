package handover

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Rollback gives Secrets back to KES in the order that was measured to be
// safe: the ESO object is guarded against pruning, the KES object comes back
// without the controllerId that froze it, KES takes the Secret over, and only
// then the ESO object goes. KES objects that are gone come from the journal.
func (c *Client) Rollback(ctx context.Context, o RunOptions) (*Report, error) {
	saved := o.Journal.saved(c.Server)
	if len(o.Names) == 0 && len(saved) == 0 {
		return nil, &EmptyJournalError{o.Journal.Name(), c.Server, o.Journal.clusters()}
	}
	if len(o.Names) == 0 {
		o.only = map[string]bool{}
		for key := range saved {
			o.only[key] = true
		}
	}
	r, err := c.start(ctx, o)
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	var todo []job
	for _, it := range r.items {
		todo = append(todo, job{it: it})
	}
	err = each(ctx, todo, r.o.Parallel, func(j job) error {
		own, cancel := outlive(ctx, cmp.Or(r.o.grace, afterwards))
		defer cancel()
		r.done(r.back(own, j.it, saved[j.it.Namespace+"/"+j.it.Name]))
		return nil
	})
	r.sortResults()
	r.report.Requests, r.report.Seconds = c.Requests(), time.Since(begun).Seconds()
	return r.report, err
}

func (j *Journal) clusters() []string {
	var out []string
	for i := range j.past {
		if c := j.past[i].Who.Cluster; !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// saved is, by namespace/name, the entry with which the last hand-over of each
// Secret of a cluster began.
func (j *Journal) saved(cluster string) map[string]*Entry {
	out := map[string]*Entry{}
	for i := range j.past {
		e := &j.past[i]
		if e.Step == StepBegin && len(e.KES) > 0 && e.Who.Cluster == cluster {
			out[e.Namespace+"/"+e.Secret] = e
		}
	}
	return out
}

// returning gives one Secret back.
type returning struct {
	handing
	saved *Entry
	// owned is the uid of the KES object that has to own the Secret; leaving one
	// that was just being removed.
	owned   string
	leaving json.RawMessage
}

// back gives a Secret back, or says why not.
func (r *runner) back(ctx context.Context, it *Item, saved *Entry) *Result {
	begun := time.Now()
	var n atomic.Int64
	b := &returning{handing: handing{r: r, it: it, result: &Result{Namespace: it.Namespace, Name: it.Name, SecretUID: uidOf(it.secret)}}, saved: saved}
	err := b.do(tally(ctx, &n))
	res := b.result
	res.Requests, res.Seconds = n.Load(), time.Since(begun).Seconds()
	b.conclude(err, Back)
	return res
}

func (b *returning) refuse(text, fix string) error {
	return &RefusedError{b.it.Namespace, b.it.Name, []Problem{{text, fix}}}
}

// do goes through the steps; each looks first, so that it can be done again.
func (b *returning) do(ctx context.Context) error {
	if err := b.refresh(ctx); err != nil {
		return err
	}
	it := b.it
	if it.secret == nil {
		return b.refuse("the Secret isn't there", "KES makes it where its resource is applied again")
	}
	if len(it.eso) == 0 && it.kes != nil && it.secret.ownedBy(it.kes.Metadata.UID) {
		return nil
	}
	if len(it.eso) > 1 {
		return b.refuse(fmt.Sprintf("%d ESO resources write to the Secret: %s", len(it.eso), namesOf(it.eso)), "leave one of them")
	}
	wanted, err := b.manifest()
	if err != nil {
		return err
	}
	if err := b.servedAgain(ctx, wanted); err != nil {
		return err
	}
	if err := b.healed(ctx); err != nil {
		return err
	}
	if !b.r.o.Yes {
		b.planBack()
		return nil
	}
	b.begin = Entry{SecretUID: it.secret.Metadata.UID}
	if it.kes != nil {
		b.begin.KESUID = it.kes.Metadata.UID
	}
	if len(it.eso) > 0 {
		b.begin.ESOUID = it.eso[0].Metadata.UID
		if err := b.guard(ctx, it.eso[0]); err != nil {
			return err
		}
	}
	if err := b.restore(ctx, wanted); err != nil {
		return err
	}
	if err := b.takeover(ctx); err != nil {
		return err
	}
	if err := b.removeESO(ctx); err != nil {
		return err
	}
	if !b.changed {
		return nil
	}
	return b.note(Entry{Step: StepBack})
}

// healed refuses where Argo CD would freeze the KES object again at once.
func (b *returning) healed(ctx context.Context) error {
	k := b.it.kes
	if k == nil || !strings.HasPrefix(k.controllerID(), Frozen) {
		return nil
	}
	app, err := b.r.argo.get(ctx, appOf(&k.Metadata))
	if err != nil || app == nil {
		return err
	}
	if has, known := app.git(kesObjects.group, &k.Metadata); has && known && app.Automated && app.SelfHeal {
		return b.refuse(fmt.Sprintf("Git freezes the KES resource, and Application %s heals itself: the controllerId would come back", app.Name), "push mode keep for it, sync, and run again")
	}
	return nil
}

func (b *returning) planBack() {
	if len(b.it.eso) > 0 {
		b.step("guard the ESO resource against pruning")
	}
	if b.it.kes == nil {
		b.step("create the KES resource from the journal")
	} else if strings.HasPrefix(b.it.kes.controllerID(), Frozen) {
		b.step("take controllerId out of the KES resource")
	}
	b.step("wait until KES owns the Secret")
	if len(b.it.eso) > 0 {
		b.step("remove the ESO resource with orphan propagation")
	}
}

// servedAgain refuses where no KES runs that will serve the object: the Secret
// would have nobody.
func (b *returning) servedAgain(ctx context.Context, wanted map[string]any) error {
	data, err := json.Marshal(wanted)
	if err != nil {
		return err
	}
	var k kesObject
	if err := json.Unmarshal(data, &k); err != nil {
		return err
	}
	running, err := b.r.kes.now(ctx)
	if err != nil {
		return err
	}
	alive := slices.DeleteFunc(slices.Clone(running), func(c Controller) bool { return c.Terminating })
	if serving(alive, &k) == "" {
		return b.refuse("no KES runs that would serve it", "start KES first, with the namespace among WATCHED_NAMESPACES and the INSTANCE_ID that the resource names; kesbridge cutover status shows what was found")
	}
	return nil
}

// takeover waits until KES owns the Secret: its first poll PUTs it, since
// ESO's marks are on it.
func (b *returning) takeover(ctx context.Context) error {
	begun := time.Now()
	limit := max(b.r.o.Timeout, 3*b.r.poll)
	nudged := false
	for wait := firstLook; time.Since(begun) < limit; wait = min(wait*3/2, lastLook) {
		s := &secret{}
		found, err := b.r.c.get(ctx, secrets, b.it.Namespace, b.it.Name, metaOnly, s)
		if err != nil {
			return err
		}
		if !found || s.Metadata.UID != b.begin.SecretUID {
			return &LostError{b.it.Namespace, b.it.Name, b.begin.SecretUID, s.Metadata.UID}
		}
		if !nudged && !b.returned(s) && !s.marked() {
			// KES doesn't look at owners, and would find nothing to write.
			if err := b.nudge(ctx, s); err != nil {
				return err
			}
			nudged = true
		}
		if b.returned(s) {
			if b.changed {
				b.step("KES owns the Secret")
			}
			return b.dataAgain(ctx)
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
	var k kesObject
	_, _ = b.r.c.get(ctx, kesObjects, b.it.Namespace, b.it.Name, "", &k)
	return &NotTakenError{b.it.Namespace, b.it.Name, k.Status.Status, time.Since(begun)}
}

// Nudge is the label by which KES is made to write a Secret that has nothing
// else that it would take off.
const Nudge = "kesbridge/rollback"

func (b *returning) nudge(ctx context.Context, s *secret) error {
	if err := b.change(StepTakeover, "label "+Nudge); err != nil {
		return err
	}
	body := map[string]any{"metadata": map[string]any{"uid": s.Metadata.UID, "labels": map[string]string{Nudge: "true"}}}
	return b.r.c.patch(ctx, secrets, b.it.Namespace, b.it.Name, body, metaOnly, nil)
}

// returned: the KES object is the one controller, and no owner of ESO is left.
func (b *returning) returned(s *secret) bool {
	c := s.controller()
	if c == nil || !isKES(c) || string(c.UID) != b.owned {
		return false
	}
	for _, o := range s.Metadata.OwnerReferences {
		if isESO(&o) {
			return false
		}
	}
	return true
}

// dataAgain says where KES writes other data than it had before: the backend
// may have changed since.
func (b *returning) dataAgain(ctx context.Context) error {
	if b.saved == nil || b.saved.Digest == nil || b.saved.SecretUID != b.begin.SecretUID {
		return nil
	}
	s := &secret{}
	if _, err := b.r.c.get(ctx, secrets, b.it.Namespace, b.it.Name, "", s); err != nil {
		return err
	}
	same, err := b.saved.Digest.fits(s.Data)
	if err == nil && !same {
		b.result.Problems = append(b.result.Problems, Problem{"KES's data is not what it was before the hand-over", "the backend's value may have changed since; KES has the Secret again"})
	}
	return err
}

// removeESO removes the ESO object, if the Secret is KES's at that moment, and
// waits until it is gone. Orphaning, it would keep the Secret in any case.
func (b *returning) removeESO(ctx context.Context) error {
	if len(b.it.eso) == 0 {
		return nil
	}
	r, err := b.r.c.esoResource(ctx, "externalsecrets")
	if err != nil {
		return err
	}
	e := b.it.eso[0]
	if err := b.change(StepRemove, ""); err != nil {
		return err
	}
	if err := b.r.c.remove(ctx, r, b.it.Namespace, e.Metadata.Name, e.Metadata.UID, "Orphan"); err != nil {
		return err
	}
	begun := time.Now()
	for wait := firstLook; ; wait = min(wait*3/2, lastLook) {
		var now esoObject
		found, err := b.r.c.get(ctx, r, b.it.Namespace, e.Metadata.Name, "", &now)
		switch {
		case err != nil:
			return err
		case !found:
			b.step("ESO resource removed")
			return b.stillKES(ctx)
		case now.Metadata.UID != e.Metadata.UID:
			return &ESOStaysError{b.it.Namespace, e.Metadata.Name, true}
		case time.Since(begun) > b.r.o.Timeout:
			return &ESOStaysError{b.it.Namespace, e.Metadata.Name, false}
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

// stillKES looks once more, after everything.
func (b *returning) stillKES(ctx context.Context) error {
	s := &secret{}
	found, err := b.r.c.get(ctx, secrets, b.it.Namespace, b.it.Name, metaOnly, s)
	switch {
	case err != nil:
		return err
	case !found || s.Metadata.UID != b.begin.SecretUID:
		return &LostError{b.it.Namespace, b.it.Name, b.begin.SecretUID, s.Metadata.UID}
	case !b.returned(s):
		return errors.New("KES no longer owns the Secret: " + ownerNames(s.Metadata.OwnerReferences))
	}
	return nil
}
