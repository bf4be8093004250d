package handover

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// look is one reading of a cluster.
type look struct {
	c *Client
	o StatusOptions

	mu    sync.Mutex
	notes []string

	kes     []*kesObject
	esos    []*esoObject
	secrets map[string]*secret // by namespace/name
	listed  bool               // secrets holds all of them
	stores  map[string]string  // Ready, by kind/namespace/name
	readers map[string]map[string]bool
	kesList []Controller
	kesErr  error
	uids    map[string]bool // of KES and ESO objects
	hidden  map[string]bool // Secrets that may not be read, by namespace/name
}

func (l *look) note(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Contains(l.notes, s) {
		l.notes = append(l.notes, s)
	}
}

// look reads what there is.
func (c *Client) look(ctx context.Context, o StatusOptions) (*look, error) {
	l := &look{c: c, o: o, hidden: map[string]bool{}, secrets: map[string]*secret{}, stores: map[string]string{}, readers: map[string]map[string]bool{}}
	if err := all(
		func() error { return l.readKES(ctx) },
		func() error { return l.readESO(ctx) },
		func() error { l.kesList, l.kesErr = c.controllers(ctx, o.Controllers); return nil },
		func() error { return l.listSecrets(ctx) },
		func() error { return l.readReaders(ctx) },
	); err != nil {
		return nil, err
	}
	l.uids = map[string]bool{}
	for _, k := range l.kes {
		l.uids[k.Metadata.UID] = true
	}
	for _, e := range l.esos {
		l.uids[e.Metadata.UID] = true
	}
	if err := l.readSecrets(ctx); err != nil {
		return nil, err
	}
	return l, l.readStores(ctx)
}

// all does things side by side.
func all(do ...func() error) error {
	errs := make([]error, len(do))
	var wg sync.WaitGroup
	for i, f := range do {
		wg.Go(func() { errs[i] = f() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// each does things for a list, a few at a time.
func each[T any](ctx context.Context, list []T, width int, f func(T) error) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var errs []error
	next := make(chan T)
	for range min(width, max(len(list), 1)) {
		wg.Go(func() {
			for v := range next {
				if err := f(v); err != nil {
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, v := range list {
		if ctx.Err() != nil {
			break
		}
		next <- v
	}
	close(next)
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return errors.Join(errs...)
}

// width is how many small requests are sent at once.
const width = 16

func (l *look) readKES(ctx context.Context) error {
	var err error
	if len(l.o.Names) > 0 {
		l.kes, err = getAll[kesObject](ctx, l.c, kesObjects, l.o.Namespace, l.o.Names)
	} else {
		l.kes, err = listOf[*kesObject](ctx, l.c, kesObjects, l.o.Namespace, "", "")
	}
	if missing(err) {
		return nil // KES's CRD is gone
	}
	return err
}

// getAll reads objects by name; those that aren't there are left out.
func getAll[T any](ctx context.Context, c *Client, r resource, namespace string, names []string) ([]*T, error) {
	out := make([]*T, len(names))
	index := make([]int, len(names))
	for i := range index {
		index[i] = i
	}
	err := each(ctx, index, width, func(i int) error {
		v := new(T)
		found, err := c.get(ctx, r, namespace, names[i], "", v)
		if found {
			out[i] = v
		}
		return err
	})
	return slices.DeleteFunc(out, func(v *T) bool { return v == nil }), err
}

func (l *look) readESO(ctx context.Context) error {
	r, err := l.c.esoResource(ctx, "externalsecrets")
	if none := (*NoESOError)(nil); errors.As(err, &none) {
		l.note(err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	// All of the namespace: an object of another name may write to the Secret.
	l.esos, err = listOf[*esoObject](ctx, l.c, r, l.o.Namespace, "", "")
	l.esos = slices.DeleteFunc(l.esos, func(e *esoObject) bool { return e.Metadata.Labels[Proof] != "" })
	return err
}

// listSecrets reads the metadata of all Secrets, if we may and no names are
// given.
func (l *look) listSecrets(ctx context.Context) error {
	if len(l.o.Names) > 0 {
		return nil
	}
	all, err := listOf[*secret](ctx, l.c, secrets, l.o.Namespace, "", metaOnlyList)
	if forbidden(err) {
		return nil
	}
	if err != nil {
		return err
	}
	l.listed = true
	for _, s := range all {
		l.secrets[s.Metadata.key()] = s
	}
	return nil
}

// readSecrets reads the metadata of single Secrets where they weren't listed.
func (l *look) readSecrets(ctx context.Context) error {
	if l.listed {
		return nil
	}
	var names [][2]string
	for _, it := range l.items() {
		names = append(names, [2]string{it.Namespace, it.Name})
	}
	return each(ctx, names, width, func(n [2]string) error {
		s := &secret{}
		found, err := l.c.get(ctx, secrets, n[0], n[1], metaOnly, s)
		if found {
			l.mu.Lock()
			l.secrets[s.Metadata.key()] = s
			l.mu.Unlock()
		}
		if forbidden(err) {
			l.note(fmt.Sprintf("Secret %s/%s may not be read, and is left out", n[0], n[1]))
			l.mu.Lock()
			l.hidden[n[0]+"/"+n[1]] = true
			l.mu.Unlock()
			return nil
		}
		return err
	})
}

// readStores reads every store that an ESO object of the selection names.
func (l *look) readStores(ctx context.Context) error {
	type key struct {
		namespace string
		ref       storeRef
	}
	need := map[key]bool{}
	for _, it := range l.items() {
		for _, e := range it.eso {
			for _, r := range e.stores() {
				need[key{storeNamespace(it.Namespace, r), r}] = true
			}
		}
	}
	return each(ctx, slices.Collect(maps.Keys(need)), width, func(k key) error {
		ready, err := l.c.storeReady(ctx, k.namespace, k.ref)
		if forbidden(err) {
			l.note(err.Error())
			ready, err = "Unknown", nil
		}
		l.mu.Lock()
		l.stores[k.namespace+"/"+k.ref.Kind+"/"+k.ref.Name] = ready
		l.mu.Unlock()
		return err
	})
}

func storeNamespace(namespace string, r storeRef) string {
	if r.Kind == "ClusterSecretStore" {
		return ""
	}
	return namespace
}

// storeReady is a store's Ready condition.
func (c *Client) storeReady(ctx context.Context, namespace string, ref storeRef) (string, error) {
	plural := "secretstores"
	if ref.Kind == "ClusterSecretStore" {
		plural = "clustersecretstores"
	}
	r, err := c.esoResource(ctx, plural)
	if err != nil {
		return "", err
	}
	var s store
	found, err := c.get(ctx, r, namespace, ref.Name, "", &s)
	switch cond := readyOf(s.Status.Conditions); {
	case err != nil:
		return "", err
	case !found:
		return "Missing", nil
	case cond != nil:
		return cond.Status, nil
	}
	return "Unknown", nil
}

// items joins the objects by Secret, sorted.
func (l *look) items() []*Item {
	by := map[string]*Item{}
	item := func(namespace, name string) *Item {
		key := namespace + "/" + name
		if by[key] == nil {
			by[key] = &Item{Namespace: namespace, Name: name}
		}
		return by[key]
	}
	for _, k := range l.kes {
		item(k.Metadata.Namespace, k.Metadata.Name).kes = k
	}
	for _, e := range l.esos {
		it := item(e.Metadata.Namespace, e.target())
		it.eso = append(it.eso, e)
	}
	var out []*Item
	for _, key := range slices.Sorted(maps.Keys(by)) {
		if it := by[key]; l.selected(it) && !l.hidden[key] {
			it.secret = l.secrets[key]
			it.Readers = slices.Sorted(maps.Keys(l.readers[key]))
			served := ""
			if it.kes != nil {
				served = serving(l.kesList, it.kes)
			}
			it.judge(served)
			it.show(served, func(ns string, r storeRef) string { return l.stores[storeNamespace(ns, r)+"/"+r.Kind+"/"+r.Name] }, l.alive)
			out = append(out, it)
		}
	}
	return out
}

// selected: with names or labels, what they say; otherwise everything with a
// KES object or for a Secret that KES had.
func (l *look) selected(it *Item) bool {
	if len(l.o.Names) > 0 && !slices.Contains(l.o.Names, it.Name) {
		return false
	}
	fits := func(m *Meta) bool {
		return (l.o.Labels == nil || l.o.Labels.Matches(labels.Set(m.Labels))) && (len(l.o.Apps) == 0 || slices.Contains(l.o.Apps, appOf(m)))
	}
	return it.kes != nil && fits(&it.kes.Metadata) || slices.ContainsFunc(it.eso, func(e *esoObject) bool { return fits(&e.Metadata) })
}

// alive reports whether an owner's object is there, as far as we read it.
func (l *look) alive(o metav1.OwnerReference) bool {
	return !isKES(&o) && !isESO(&o) || l.uids[string(o.UID)]
}

// orphans are Secrets whose KES owner is gone, beside the items.
func (l *look) orphans(items []*Item) []Orphan {
	var out []Orphan
	shown := map[*secret]bool{}
	for _, it := range items {
		shown[it.secret] = true
	}
	for _, key := range slices.Sorted(maps.Keys(l.secrets)) {
		s := l.secrets[key]
		if shown[s] {
			continue
		}
		for _, o := range s.Metadata.OwnerReferences {
			if isKES(&o) && !l.alive(o) {
				out = append(out, Orphan{s.Metadata.Namespace, s.Metadata.Name, Owner{o.APIVersion, o.Kind, o.Name, string(o.UID), controls(&o), true}})
			}
		}
	}
	return out
}

// since is how long ago KES synced an object, by the API server's clock; ok is
// false if it never did.
func (c *Client) since(k *kesObject) (age time.Duration, ok bool) {
	at, err := time.Parse(time.RFC3339, strings.TrimSpace(k.Status.LastSync))
	if err != nil {
		return 0, false
	}
	return c.now().Sub(at), true
}
