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

	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/manifest"
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

// EmptyJournalError says that a journal has nothing about a cluster.
type EmptyJournalError struct {
	File, Server string
	// Others are the clusters that it has something about.
	Others []string
}

func (e *EmptyJournalError) Error() string {
	s := fmt.Sprintf("the journal %s holds no hand-over in cluster %s", e.File, e.Server)
	if len(e.Others) > 0 {
		s += "; it has those of " + strings.Join(e.Others, ", ")
	}
	return s
}

// Hint says what to do.
func (e *EmptyJournalError) Hint() string {
	return "give the journal of the run with --journal, or names of Secrets whose KES resources are still there"
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

// NotTakenError says that KES didn't take a Secret over in time.
type NotTakenError struct {
	Namespace, Name string
	Status          string
	After           time.Duration
}

func (e *NotTakenError) Error() string {
	s := fmt.Sprintf("KES has not taken Secret %s/%s over after %s", e.Namespace, e.Name, e.After.Round(time.Second))
	if e.Status != "" {
		s += "; it says " + e.Status
	}
	return s
}

// Hint says what to do.
func (e *NotTakenError) Hint() string {
	return "the Secret is in place, and ESO's resource is not removed; see KES's log, and run again"
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

// ESOStaysError says that an ESO object doesn't go.
type ESOStaysError struct {
	Namespace, Name string
	Again           bool
}

func (e *ESOStaysError) Error() string {
	if e.Again {
		return fmt.Sprintf("ESO resource %s/%s was created again", e.Namespace, e.Name)
	}
	return fmt.Sprintf("ESO resource %s/%s is being deleted and doesn't go", e.Namespace, e.Name)
}

// Hint says what to do.
func (e *ESOStaysError) Hint() string {
	if e.Again {
		return "KES has the Secret; take the ESO resource out of Git, sync, and run again"
	}
	return "ESO has to run to clear its finalizer, and the garbage collector for a deletion that orphans"
}
