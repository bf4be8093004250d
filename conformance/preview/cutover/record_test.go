package cutover

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
)

// event is one of a watch of a Secret.
type event struct {
	at     time.Time
	kind   string // ADDED, MODIFIED, DELETED
	uid    string
	digest string
	owners []cluster.Owner
	labels map[string]string
}

func (e event) String() string {
	var owners []string
	for _, o := range e.owners {
		owners = append(owners, fmt.Sprintf("%s:%s controller=%t", o.APIVersion, o.Name, o.Controller))
	}
	return fmt.Sprintf("%s %s uid=%.8s data=%.8s owners=%v labels=%v", e.at.Format("05.000"), e.kind, e.uid, e.digest, owners, slices.Sorted(maps.Keys(e.labels)))
}

// digest is of a Secret's type and data.
func digest(s cluster.Secret) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", s.Type)
	for _, k := range slices.Sorted(maps.Keys(s.Data)) {
		fmt.Fprintf(h, "%q %q\n", k, s.Data[k])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// recorder keeps every event of every Secret.
type recorder struct {
	mu     sync.Mutex
	events map[string][]event // by namespace/name
	ended  error
}

func newRecorder(t *testing.T, c *cluster.Client) *recorder {
	r := &recorder{events: map[string][]event{}}
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	t.Cleanup(func() { cancel(); wait.Wait() })
	opened := make(chan struct{})
	wait.Go(func() {
		err := c.Watch(ctx, "/api/v1/secrets?timeoutSeconds=7200", func() { close(opened) }, func(e cluster.Event) error {
			var s cluster.Secret
			if err := json.Unmarshal(e.Object, &s); err != nil {
				return err
			}
			if s.Metadata.Name == "" {
				return fmt.Errorf("watch: %s %s", e.Type, e.Object)
			}
			r.mu.Lock()
			defer r.mu.Unlock()
			id := s.Metadata.Namespace + "/" + s.Metadata.Name
			r.events[id] = append(r.events[id], event{time.Now(), e.Type, s.Metadata.UID, digest(s), s.Metadata.OwnerReferences, s.Metadata.Labels})
			return nil
		})
		if ctx.Err() == nil {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.ended = fmt.Errorf("the watch of all Secrets ended: %w", err)
		}
	})
	select {
	case <-opened:
	case <-time.After(cluster.Ready):
		t.Fatal("no watch of Secrets")
	}
	return r
}

// of are a Secret's events so far. An end of the watch fails the test: what
// isn't seen can't be judged.
func (r *recorder) of(t *testing.T, id string) []event {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended != nil {
		t.Fatal(r.ended)
	}
	return slices.Clone(r.events[id])
}

// reads are what a reader of Secrets got.
type reads struct {
	ok, missing, differ, failed int
	longest                     time.Duration // without an answer that is the Secret
	first                       error         // of failed
}

// reader reads Secrets again and again, as an application would that needs
// them, until it is closed.
type reader struct {
	client *cluster.Client
	stop   context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	digest map[string]string // by path
	reads  map[string]*reads
	lost   map[string]time.Time // since when
}

// read starts one: each Secret with its digest is read once in a pause. Many of
// one namespace are read as a list from the API server's cache, as a controller
// reads them. The connection is the reader's own.
func read(c *cluster.Client, pause time.Duration, paths map[string]string) *reader {
	ctx, cancel := context.WithCancel(context.Background())
	r := &reader{
		client: cluster.NewClient(c.URL, c.Token), stop: cancel, done: make(chan struct{}),
		digest: paths, reads: map[string]*reads{}, lost: map[string]time.Time{},
	}
	lists := map[string][]string{}
	for p := range paths {
		r.reads[p] = &reads{}
		lists[path.Dir(p)] = append(lists[path.Dir(p)], p)
	}
	var work []func()
	for list, members := range lists {
		if len(members) > 5 {
			work = append(work, func() { r.list(ctx, list, members) })
			continue
		}
		for _, p := range members {
			work = append(work, func() { r.once(ctx, p) })
		}
	}
	tick := time.NewTicker(max(pause/time.Duration(max(len(work), 1)), time.Millisecond))
	go func() {
		defer close(r.done)
		defer tick.Stop()
		for i := 0; ; i++ {
			work[i%len(work)]()
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return r
}

func (r *reader) once(ctx context.Context, path string) {
	var s cluster.Secret
	err := r.client.Get(ctx, path, &s)
	r.note(ctx, path, s, err)
}

// list reads all Secrets of a namespace in one request.
func (r *reader) list(ctx context.Context, list string, members []string) {
	var all struct{ Items []cluster.Secret }
	err := r.client.Get(ctx, list+"?resourceVersion=0", &all)
	found := map[string]cluster.Secret{}
	for _, s := range all.Items {
		found[list+"/"+s.Metadata.Name] = s
	}
	for _, p := range members {
		s, ok := found[p]
		if err == nil && !ok {
			r.note(ctx, p, s, &cluster.Error{Method: "LIST", Path: p, Code: http.StatusNotFound})
			continue
		}
		r.note(ctx, p, s, err)
	}
}

// note counts one answer for a Secret.
func (r *reader) note(ctx context.Context, path string, s cluster.Secret, err error) {
	if ctx.Err() != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	got, now := r.reads[path], time.Now()
	switch {
	case cluster.Code(err) == http.StatusNotFound:
		got.missing++
	case err != nil:
		got.failed++
		if got.first == nil {
			got.first = err
		}
	case digest(s) != r.digest[path]:
		got.differ++
	default:
		got.ok++
		if since, ok := r.lost[path]; ok {
			got.longest = max(got.longest, now.Sub(since))
			delete(r.lost, path)
		}
		return
	}
	if _, ok := r.lost[path]; !ok {
		r.lost[path] = now
	}
}

// close ends it and says what each Secret's reads were.
func (r *reader) close() map[string]reads {
	r.stop()
	<-r.done
	out := map[string]reads{}
	for p, got := range r.reads {
		if since, ok := r.lost[p]; ok {
			got.longest = max(got.longest, time.Since(since))
		}
		out[p] = *got
	}
	return out
}

// total is the sum of all.
func total(all map[string]reads) reads {
	var sum reads
	for _, r := range all {
		sum.ok += r.ok
		sum.missing += r.missing
		sum.differ += r.differ
		sum.failed += r.failed
		sum.longest = max(sum.longest, r.longest)
		if sum.first == nil {
			sum.first = r.first
		}
	}
	return sum
}

func (r reads) String() string {
	s := fmt.Sprintf("%d reads good, %d missing, %d different, %d failed", r.ok, r.missing, r.differ, r.failed)
	if r.longest > 0 {
		s += fmt.Sprintf(", longest gap %s", r.longest.Round(time.Millisecond))
	}
	if r.first != nil {
		s += ": " + r.first.Error()
	}
	return strings.TrimSpace(s)
}
