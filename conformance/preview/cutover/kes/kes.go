// Package kes stands in for kubernetes-external-secrets: it writes, keeps and
// takes back Secrets as the real controller does, at the same moments and with
// the same requests, from a map instead of a cloud. Ported from lib/daemon.js,
// lib/external-secret.js and lib/poller.js at the head of its repository
// (8.5.5), with what makes a hand-over dangerous:
//
//   - It compares data, labels and annotations as text, in their order, and never ownerReferences.
//   - What differs is replaced by a PUT of the whole Secret without a resourceVersion, which always wins.
//   - Each event of an object starts a poller, which polls at once where the generation is new: also
//     when the object is being deleted.
//   - An object that gets a foreign controllerId keeps the poller that it has for one more poll.
//   - A status that can't be written, since the object is gone, ends the process.
//
// Left out: backends, templates' lodash, secretDescriptor, the namespaces' annotations, metrics.
package kes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"kesbridge/conformance/preview/cluster"
)

// Settings are the real one's environment.
type Settings struct {
	Interval          time.Duration // POLLER_INTERVAL_MILLISECONDS; 10 s if 0
	WatchTimeout      time.Duration // WATCH_TIMEOUT; 60 s if 0
	InstanceID        string        // INSTANCE_ID
	WatchedNamespaces []string      // WATCHED_NAMESPACES; all if empty
}

// Group is the API group's version.
const Group = "kubernetes-client.io/v1"

// Resource is the plural of its kind.
const Resource = "externalsecrets"

// Backend has the values of keys, safe for concurrent use.
type Backend struct {
	mu     sync.Mutex
	values map[string]string
	delay  time.Duration
}

// Slow lets each object's values take as long as a cloud's.
func (b *Backend) Slow(delay time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.delay = delay
}

func (b *Backend) wait(ctx context.Context) {
	b.mu.Lock()
	delay := b.delay
	b.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
		}
	}
}

// Set stores a value.
func (b *Backend) Set(key, value string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.values == nil {
		b.values = map[string]string{}
	}
	b.values[key] = value
}

func (b *Backend) get(key string) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, ok := b.values[key]
	return v, ok
}

// ErrExit is what ends the real process with code 1.
var ErrExit = errors.New("exit with code 1")

// daemon is one run of the process.
type daemon struct {
	client   *cluster.Client
	backend  *Backend
	settings Settings
	log      func(string, ...any)

	ctx  context.Context
	exit context.CancelCauseFunc
	work sync.WaitGroup

	mu      sync.Mutex
	pollers map[string]*poller // by uid of the KES object
}

// Run is one life of the process: it ends with ctx, or with ErrExit.
func Run(ctx context.Context, client *cluster.Client, backend *Backend, s Settings, log func(string, ...any)) error {
	if s.Interval == 0 {
		s.Interval = 10 * time.Second
	}
	if s.WatchTimeout == 0 {
		s.WatchTimeout = time.Minute
	}
	life, exit := context.WithCancelCause(ctx)
	d := &daemon{client: client, backend: backend, settings: s, log: log, ctx: life, exit: exit, pollers: map[string]*poller{}}
	namespaces := s.WatchedNamespaces
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	for _, ns := range namespaces {
		d.work.Go(func() { d.watch(ns) })
	}
	<-life.Done()
	d.removeAll()
	d.work.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(life)
}

// watch is startWatcher: a watch without a list, which begins with an ADDED for
// each object that there is, again after WATCH_TIMEOUT without an event.
func (d *daemon) watch(namespace string) {
	path := "/apis/" + Group + "/" + Resource
	if namespace != "" {
		path = cluster.Namespaced(Group, namespace, Resource)
	}
	for d.ctx.Err() == nil {
		ctx, cancel := context.WithCancel(d.ctx)
		idle := time.AfterFunc(d.settings.WatchTimeout, cancel)
		err := d.client.Watch(ctx, path, nil, func(e cluster.Event) error {
			idle.Reset(d.settings.WatchTimeout)
			return d.event(e)
		})
		idle.Stop()
		cancel()
		if d.ctx.Err() != nil {
			return
		}
		if cluster.Code(err) != 0 { // the promise that nobody catches
			d.exit(fmt.Errorf("%w: %w", ErrExit, err))
			return
		}
		d.removeAll() // DELETED_ALL
	}
}

// event is the loop of Daemon.start.
func (d *daemon) event(e cluster.Event) error {
	var o object
	if err := json.Unmarshal(e.Object, &o); err != nil {
		return err
	}
	if id := o.Spec.ControllerID; id != d.settings.InstanceID {
		return nil // and the poller that it had goes on
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e.Type {
	case "DELETED":
		d.remove(o.Metadata.UID)
	case "ADDED", "MODIFIED":
		d.remove(o.Metadata.UID)
		o.raw = e.Object
		p := &poller{d: d, o: o}
		d.pollers[o.Metadata.UID] = p
		d.work.Go(p.schedule)
	}
	return nil
}

func (d *daemon) remove(uid string) {
	if p := d.pollers[uid]; p != nil {
		p.stop()
		delete(d.pollers, uid)
	}
}

func (d *daemon) removeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for uid := range d.pollers {
		d.remove(uid)
	}
}

// Controller is a Deployment of one replica: what exits is started again.
type Controller struct {
	client  *cluster.Client
	backend *Backend
	log     func(string, ...any)
	// Restart is the pause before a new start; one second if 0.
	Restart time.Duration

	mu     sync.Mutex
	stop   context.CancelFunc
	done   chan struct{}
	exits  int
	scoped Settings
}

// New makes one that doesn't run yet. log may be nil.
func New(client *cluster.Client, backend *Backend, log func(string, ...any)) *Controller {
	if log == nil {
		log = func(string, ...any) {}
	}
	return &Controller{client: client, backend: backend, log: log}
}

// Start runs it with these settings, in place of a run with others.
func (c *Controller) Start(s Settings) {
	c.Stop()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	c.mu.Lock()
	c.stop, c.done, c.scoped = cancel, done, s
	c.mu.Unlock()
	pause := c.Restart
	if pause == 0 {
		pause = time.Second
	}
	go func() {
		defer close(done)
		for {
			err := Run(ctx, c.client, c.backend, s, c.log)
			if ctx.Err() != nil {
				return
			}
			c.mu.Lock()
			c.exits++
			c.mu.Unlock()
			c.log("%v", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				return
			}
		}
	}()
}

// Stop ends it, and returns when it does nothing any more.
func (c *Controller) Stop() {
	c.mu.Lock()
	stop, done := c.stop, c.done
	c.stop, c.done = nil, nil
	c.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
}

// Exits is how often it ended with code 1.
func (c *Controller) Exits() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.exits
}

// Settings are those of the last Start.
func (c *Controller) Settings() Settings {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.scoped
}
