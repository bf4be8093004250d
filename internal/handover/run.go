package handover

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// RunOptions say which Secrets are handed over and how. The zero value is a
// dry run of everything, one Secret at a time.
type RunOptions struct {
	StatusOptions
	// Yes changes the cluster; without it nothing is.
	Yes bool
	// Parallel is how many Secrets are in work at once; 0 is 1.
	Parallel int
	// Timeout bounds the wait for ESO, and that for the garbage collector; 0 is
	// two minutes.
	Timeout time.Duration
	// Poll is KES's interval where it can't be read; 0: as KES's Deployment
	// says.
	Poll time.Duration
	// AllowUnknownKeys accepts ESO objects whose keys the object doesn't tell.
	AllowUnknownKeys bool
	// AllowDifferent accepts that ESO wrote other data.
	AllowDifferent bool
	// Prove lets ESO write a second Secret first and compares both.
	Prove bool
	// ScaleKES scales KES's Deployments to 0 and back.
	ScaleKES bool
	// ArgoNamespace is that of Argo CD; empty: argocd.
	ArgoNamespace string
	// Journal is needed with Yes.
	Journal *Journal
	// Done is called after each Secret, Say for what people should know
	// meanwhile; never at the same time.
	Done func(*Result)
	Say  func(string)

	grace time.Duration   // instead of afterwards
	only  map[string]bool // Secrets of the journal, by namespace/name; nil: any
}

// The outcomes.
const (
	Done    Outcome = "done"    // handed over
	Back    Outcome = "back"    // given back to KES
	Already Outcome = "already" // nothing was left to do
	Ready   Outcome = "ready"   // a dry run would go on
	Skipped Outcome = "skipped" // no ESO object, and it wasn't named
	Refused Outcome = "refused" // a precondition doesn't hold; nothing was changed
	Failed  Outcome = "failed"  // stopped; the Secret is in place, and another run goes on
)

const defaultTimeout = 2 * time.Minute

// Run hands Secrets over from KES to ESO. What is left to do is read from the
// cluster, so a run that was interrupted is finished by the next one. The error
// is about the run itself; what became of the Secrets is in the report.
func (c *Client) Run(ctx context.Context, o RunOptions) (*Report, error) {
	r, err := c.start(ctx, o)
	if err != nil {
		return nil, err
	}
	// A KES under another name might serve these: somebody has to say that there
	// is none.
	if len(r.look.kesList) == 0 && len(o.Controllers) == 0 && slices.ContainsFunc(r.items, func(it *Item) bool { return it.kes != nil }) {
		return nil, &UnseenError{}
	}
	begun := time.Now()
	todo := r.sort()
	err = r.all(ctx, todo)
	if back := r.scaleBack(ctx); back != nil {
		err = errors.Join(err, back)
	}
	r.report.Requests, r.report.Seconds = c.Requests(), time.Since(begun).Seconds()
	r.report.Notes = append(r.report.Notes, r.look.notes...)
	return r.report, err
}

// runner is one run.
type runner struct {
	c      *Client
	o      RunOptions
	id     string
	look   *look
	looked time.Time
	items  []*Item
	poll   time.Duration
	report *Report

	mu     sync.Mutex // of report and callbacks
	kes    *watchKES
	argo   *argo
	stores cache
}

// start reads the cluster and finds what holds for all.
func (c *Client) start(ctx context.Context, o RunOptions) (*runner, error) {
	if o.Yes && o.Journal == nil {
		return nil, errors.New("a run that changes the cluster needs a journal")
	}
	o.Parallel, o.Timeout = max(o.Parallel, 1), cmp.Or(o.Timeout, defaultTimeout)
	r := &runner{c: c, o: o, id: rand.Text()[:10], looked: time.Now()}
	r.report = &Report{Server: c.Server, DryRun: !o.Yes, Run: r.id, Results: []*Result{}}
	if o.Journal != nil {
		r.report.Journal = o.Journal.Name()
	}
	var err error
	if r.look, err = c.look(ctx, o.StatusOptions); err != nil {
		return nil, err
	}
	if r.look.kesErr != nil {
		return nil, r.look.kesErr
	}
	r.items = slices.DeleteFunc(r.look.items(), func(it *Item) bool { return o.only != nil && !o.only[it.Namespace+"/"+it.Name] })
	if len(r.items) == 0 {
		return nil, &NothingError{o.Namespace}
	}
	r.argo = newArgo(c, o.ArgoNamespace, nil)
	r.kes = newWatchKES(c, o.Controllers, r.look.kesList)
	r.poll = o.Poll
	for i := range r.look.kesList {
		if k := &r.look.kesList[i]; o.Poll == 0 && slices.Contains(k.Unknown, "POLLER_INTERVAL_MILLISECONDS") {
			return nil, &PollError{k.String()}
		}
	}
	if r.poll == 0 {
		r.poll = slowest(r.look.kesList)
	}
	if o.Yes && o.ScaleKES {
		return r, r.scaleDown(ctx)
	}
	return r, nil
}

// job is a Secret whose turn comes, not before a time.
type job struct {
	it     *Item
	before time.Time
}

// sort says at once what needs no work, and gives the rest in the order in
// which it may begin.
func (r *runner) sort() []job {
	var out []job
	for _, it := range r.items {
		switch {
		case it.State == ESO:
			r.done(&Result{Namespace: it.Namespace, Name: it.Name, Outcome: Already, SecretUID: uidOf(it.secret)})
		case len(it.eso) == 0 && len(r.o.Names) == 0:
			r.done(&Result{Namespace: it.Namespace, Name: it.Name, Outcome: Skipped, Problems: []Problem{{"no ESO resource writes to the Secret", "sync the commit that brings it in"}}})
		default:
			out = append(out, job{it, r.turn(it)})
		}
	}
	slices.SortStableFunc(out, func(a, b job) int { return a.before.Compare(b.before) })
	return out
}

func uidOf(s *secret) string {
	if s == nil {
		return ""
	}
	return s.Metadata.UID
}

// turn is when an object's lastSync was looked at for long enough. One that
// is old has shown it already.
func (r *runner) turn(it *Item) time.Time {
	if it.kes == nil {
		return time.Time{}
	}
	if age, ok := r.c.since(it.kes); ok && age > oldEnough(r.poll) {
		return time.Time{}
	}
	return r.looked.Add(quiet(r.poll))
}

func (r *runner) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.o.Say != nil {
		r.o.Say(fmt.Sprintf(format, args...))
	}
}

func (r *runner) done(one *Result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Results = append(r.report.Results, one)
	if r.o.Done != nil {
		r.o.Done(one)
	}
}

// afterwards is how long a Secret that was begun may go on after an
// interruption.
const afterwards = 10 * time.Second

// all does the jobs, a few at a time. After an interruption no other is begun.
func (r *runner) all(ctx context.Context, todo []job) error {
	late := 0
	for _, j := range todo {
		if j.before.After(time.Now()) {
			late++
		}
	}
	if r.o.Yes && late > 0 {
		r.say("watching for %s that no KES syncs %s", quiet(r.poll).Round(time.Second), count(late, "resource"))
	}
	err := each(ctx, todo, r.o.Parallel, func(j job) error {
		if r.o.Yes && !sleepUntil(ctx, j.before) {
			return nil
		}
		own, cancel := outlive(ctx, cmp.Or(r.o.grace, afterwards))
		defer cancel()
		r.done(r.one(own, j.it, time.Until(j.before) > 0))
		return nil
	})
	r.sortResults()
	return err
}

func (r *runner) sortResults() {
	slices.SortFunc(r.report.Results, func(a, b *Result) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
}

// outlive is a context that ends some time after its parent.
func outlive(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-own.Done():
		case <-time.After(grace):
			cancel(context.Cause(ctx))
		}
	})
	return own, func() { stop(); cancel(context.Canceled) }
}

func sleepUntil(ctx context.Context, t time.Time) bool { return sleep(ctx, time.Until(t)) }

func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// one hands one Secret over, or says why not. waits: a run would watch its
// lastSync first.
func (r *runner) one(ctx context.Context, it *Item, waits bool) *Result {
	begun := time.Now()
	var n atomic.Int64
	h := &handing{r: r, it: it, result: &Result{Namespace: it.Namespace, Name: it.Name}}
	err := h.do(tally(ctx, &n))
	h.result.Requests, h.result.Seconds = n.Load(), time.Since(begun).Seconds()
	h.conclude(err, Done)
	if h.result.Outcome == Ready && waits {
		h.result.Steps = append([]string{"watch for " + quiet(r.poll).Round(time.Second).String() + " that no KES syncs it"}, h.result.Steps...)
	}
	return h.result
}

// conclude turns what became of a Secret into its outcome; good is that of
// one which was changed and is finished.
func (h *handing) conclude(err error, good Outcome) {
	res := h.result
	refused := (*RefusedError)(nil)
	switch {
	case errors.As(err, &refused) && !h.changed:
		res.Outcome, res.Problems = Refused, refused.Problems
	case err != nil:
		res.Outcome, res.Error = Failed, err.Error()
		if errors.As(err, &refused) {
			res.Problems = refused.Problems
		}
		var hint interface{ Hint() string }
		if errors.As(err, &hint) {
			res.Fix = hint.Hint()
		}
		if h.changed {
			_ = h.note(Entry{Step: StepFailed, Error: err.Error()})
		}
	case !h.r.o.Yes && len(res.Steps) > 0:
		res.Outcome = Ready
	case h.changed:
		res.Outcome = good
	default:
		res.Outcome = Already
	}
}

// cache keeps the Ready of stores for a moment: many Secrets share one.
type cache struct {
	mu  sync.Mutex
	all map[string]cached
}

type cached struct {
	ready string
	at    time.Time
}

const freshFor = 2 * time.Second

func (r *runner) storeReady(ctx context.Context, namespace string, ref storeRef) (string, error) {
	ns := storeNamespace(namespace, ref)
	key := ref.Kind + "/" + ns + "/" + ref.Name
	r.stores.mu.Lock()
	defer r.stores.mu.Unlock()
	if v, ok := r.stores.all[key]; ok && time.Since(v.at) < freshFor {
		return v.ready, nil
	}
	ready, err := r.c.storeReady(ctx, ns, ref)
	if err != nil {
		return "", err
	}
	if r.stores.all == nil {
		r.stores.all = map[string]cached{}
	}
	r.stores.all[key] = cached{ready, time.Now()}
	return ready, nil
}
