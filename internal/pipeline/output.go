package pipeline

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/convert"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// presentStore is a store that the output itself contains.
type presentStore struct{ kind, namespace, name string }

// storeUse is one derived store and who needs it.
type storeUse struct {
	ref    eso.StoreRef
	need   store.Need
	pos    manifest.Pos
	object manifest.Ref
	env    map[string]string // KES's
	count  int
}

// storeKey is a store as a cluster knows it; the cluster is the settings'.
type storeKey struct {
	cluster, kind, namespace, name string
}

// servedNeed is what a store was first referenced for.
type servedNeed struct {
	need   string
	pos    manifest.Pos
	object manifest.Ref
	warned bool
}

const sharedText = "%s %s is to serve this (%s) and %s (%s)"

// differ compares requirements without their reasons.
func differ(a, b string) bool {
	return reason.ReplaceAllString(a, "") != reason.ReplaceAllString(b, "")
}

// served warns, once per store, where one store is to serve two needs: it has
// one region, one role, one project.
func (o *Output) served(obj *manifest.Object, res convert.Result) {
	key := storeKey{cluster: o.opts.Settings.Cluster, kind: res.Store.Ref.Kind, name: res.Store.Ref.Name}
	if key.kind == "SecretStore" {
		key.namespace = obj.Ref.Namespace
	}
	need := strings.Join(res.Need.Requirements(o.opts.Settings.Controller), "; ")
	first, ok := o.run.needs[key]
	switch {
	case !ok:
		o.run.needs[key] = servedNeed{need: need, pos: obj.Pos, object: obj.Ref}
	case !first.warned && differ(first.need, need):
		first.warned = true
		o.run.needs[key] = first
		o.report(rule.SharedStore, obj, sharedText, key.kind, key.name, need, first.pos, first.need)
	}
}

// reason is what a requirement says in brackets: where its value is from.
// A region means the same whether a manifest gives it or the controller.
var reason = regexp.MustCompile(` \([^()]*\)`)

// observe notes an ESO object that somebody wrote by hand.
func (o *Output) observe(obj *manifest.Object) {
	switch obj.Ref.Kind {
	case "ExternalSecret":
		target := obj.Ref.Name
		var body struct {
			Spec struct {
				Target struct {
					Name string `yaml:"name"`
				} `yaml:"target"`
			} `yaml:"spec"`
		}
		if err := obj.Node.Decode(&body); err == nil && body.Spec.Target.Name != "" {
			target = body.Spec.Target.Name
		}
		o.claim(obj, target, creates(obj.Node))
	case "SecretStore":
		o.present[presentStore{obj.Ref.Kind, obj.Ref.Namespace, obj.Ref.Name}] = true
	case "ClusterSecretStore":
		o.present[presentStore{obj.Ref.Kind, "", obj.Ref.Name}] = true
	}
}

// creates reports whether an ExternalSecret claims its Secret: with
// creationPolicy Merge or None it doesn't.
func creates(n *yaml.Node) bool {
	var body struct {
		Spec struct {
			Target struct {
				CreationPolicy string `yaml:"creationPolicy"`
			} `yaml:"target"`
		} `yaml:"spec"`
	}
	if n.Decode(&body) != nil {
		return true
	}
	p := body.Spec.Target.CreationPolicy
	return p != "Merge" && p != "None"
}

// converted notes a converted object, its store and its refresh interval.
func (o *Output) converted(obj *manifest.Object, res convert.Result) {
	target := res.ESO.Target.Name
	if target == "" {
		target = res.ESO.Name
	}
	o.claim(obj, target, true)
	o.served(obj, res)
	o.run.pace(res, o.opts.Settings.Controller)
	if res.Store.Derived {
		o.derived(obj, res)
	}
}

// derived counts who needs a store that nobody named.
func (o *Output) derived(obj *manifest.Object, res convert.Result) {
	key := presentStore{kind: res.Store.Ref.Kind, name: res.Store.Ref.Name}
	if key.kind == "SecretStore" {
		key.namespace = obj.Ref.Namespace
	}
	if use := o.uses[key]; use != nil {
		use.count++
		return
	}
	o.uses[key] = &storeUse{ref: res.Store.Ref, need: res.Need, pos: obj.Pos, object: obj.Ref, env: o.opts.Settings.Controller, count: 1}
	o.order = append(o.order, key)
}

// identity is a digest of a namespace and a name, and place a position, both
// small: a stream may hold a million objects.
type (
	identity [16]byte
	place    struct{ file, line, column uint32 }
)

func identify(namespace, name string) identity {
	sum := sha256.Sum256([]byte(namespace + "/" + name))
	return identity(sum[:16])
}

func (o *Output) place(p manifest.Pos) place {
	if n := len(o.files); n == 0 || o.files[n-1] != p.File {
		o.files = append(o.files, p.File)
	}
	return place{uint32(len(o.files) - 1), uint32(p.Line), uint32(p.Column)}
}

func (o *Output) pos(p place) manifest.Pos {
	return manifest.Pos{File: o.files[p.file], Line: int(p.line), Column: int(p.column)}
}

// claim reports a second object with one name, or a second owner of one
// Secret.
func (o *Output) claim(obj *manifest.Object, target string, owner bool) {
	here := o.place(obj.Pos)
	name := identify(obj.Ref.Namespace, obj.Ref.Name)
	if first, ok := o.objects[name]; ok {
		o.report(rule.DuplicateObject, obj, "the ESO ExternalSecret %s is also made from %s", obj.Ref.Name, o.pos(first))
		return
	}
	o.objects[name] = here
	if !owner {
		return
	}
	secret := identify(obj.Ref.Namespace, target)
	if first, ok := o.targets[secret]; ok {
		o.report(rule.DuplicateTarget, obj, "the Secret %s is also the target of %s", target, o.pos(first))
		return
	}
	o.targets[secret] = here
}

func (o *Output) report(r rule.Rule, obj *manifest.Object, format string, args ...any) {
	o.say(r.At(obj.Pos, obj.Ref, format, args...))
}

// say adds findings about the object that is being visited.
func (o *Output) say(fs ...manifest.Finding) { o.run.say(o.waivers.apply(fs...)...) }

// Close ends the scope, before its plans are closed: derived stores that it
// doesn't contain are needed from elsewhere, and second Secrets must not be
// what something else in it makes.
func (o *Output) Close(ctx context.Context) error {
	for _, key := range o.order {
		use := o.uses[key]
		if o.present[key] {
			continue
		}
		if known := o.run.stores[use.ref]; known != nil {
			known.count += use.count
			continue
		}
		o.run.stores[use.ref] = use
	}
	o.uses, o.order = nil, nil
	err := o.collisions(ctx)
	o.second, o.plans = nil, nil
	return err
}

// storeFindings says once per store what it must hold.
func (r *Run) storeFindings() {
	less := func(a, b eso.StoreRef) int { return strings.Compare(a.Kind+"/"+a.Name, b.Kind+"/"+b.Name) }
	for _, ref := range slices.SortedFunc(maps.Keys(r.stores), less) {
		use := r.stores[ref]
		f := rule.DerivedStore.At(use.pos, use.object, "%s %s (for %s) is not in the output; it must hold: %s",
			ref.Kind, ref.Name, count(use.count, "secret"), strings.Join(use.need.Requirements(use.env), "; "))
		r.say(f)
	}
}

// pace is one exchange of KES's poll interval for a refresh interval.
type pace struct {
	interval string // ESO's
	poll     time.Duration
	preset   bool // KES's default
	off      bool // DISABLE_POLLING
}

// refreshUse counts what one pace was given to.
type refreshUse struct{ secrets, refs int }

// pace notes an object whose refresh interval nobody chose
// (facts/kes.md: POLLER_INTERVAL_MILLISECONDS, 10000 by default).
func (r *Run) pace(res convert.Result, env map[string]string) {
	if !res.DefaultRefresh {
		return
	}
	p := pace{interval: res.ESO.RefreshInterval, poll: 10 * time.Second, preset: true}
	if ms, err := strconv.ParseFloat(env["POLLER_INTERVAL_MILLISECONDS"], 64); err == nil && ms > 0 {
		p.poll, p.preset = time.Duration(ms*float64(time.Millisecond)), false
	}
	_, p.off = env["DISABLE_POLLING"]
	if r.refresh[p] == nil {
		r.refresh[p] = &refreshUse{}
	}
	r.refresh[p].secrets++
	r.refresh[p].refs += convert.Refs(res.ESO)
}

// refreshFindings say once per run what the poll interval became and what
// both cost.
func (r *Run) refreshFindings() {
	for p, u := range r.refresh {
		interval, err := time.ParseDuration(p.interval)
		if err != nil || interval <= 0 {
			continue
		}
		perDay := func(d time.Duration) string {
			return thousands(int64(math.Round(float64(u.refs) * float64(24*time.Hour) / float64(d))))
		}
		instead := fmt.Sprintf("instead of KES's poll every %s", p.poll)
		if p.preset {
			instead += " (its default)"
		}
		cost := fmt.Sprintf("%s backend calls a day instead of %s", perDay(interval), perDay(p.poll))
		if p.off {
			instead = "where KES with DISABLE_POLLING read values only when an object changed"
			cost = perDay(interval) + " backend calls a day"
		}
		r.say(rule.RefreshInterval.At(manifest.Pos{}, manifest.Ref{},
			"%s with refreshInterval %s %s: %s, and a changed value arrives after up to %s", count(u.secrets, "secret"), p.interval, instead, cost, p.interval))
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(int64(n)) + " " + noun + "s"
}

// thousands groups digits with commas.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
