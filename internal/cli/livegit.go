package cli

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"

	"github.com/spf13/cobra"
	sigsyaml "sigs.k8s.io/yaml"

	"kesbridge/internal/config"
	"kesbridge/internal/live"
)

var commit = regexp.MustCompile(`^[0-9a-f]{40}$|^[0-9a-f]{64}$`)

// againstGit compares Argo CD's own render of an Application with kesbridge's
// in mode keep: whether the app can move to the plugin at all.
func (a *app) againstGit(cmd *cobra.Command, o options, dir, name string) error {
	l, err := a.liveApplication(cmd.Context(), name)
	if err != nil {
		return err
	}
	o.asPlugin = true
	rs, checkout, err := a.liveRenderings(o, l, dir)
	if err != nil {
		return err
	}
	if moved(rs) {
		return &hintError{fmt.Errorf("%s is the plugin's already: Argo CD has no native render of it to compare with", name), "kesbridge diff --live-app " + name + " compares with what runs"}
	}
	for i := range rs {
		rs[i].options.ForceMode = config.Keep
	}
	r := &liveRun{app: a, options: o, label: "application " + l.app.Metadata.Name, names: l.names(), settings: live.Settings{Namespace: l.app.Spec.Destination.Namespace}}
	for _, d := range l.doubts {
		r.warn("Argo CD's own answers are in doubt: %s", d)
	}
	if checkout.Revision != "" && commit.MatchString(l.revision) && checkout.Revision != l.revision {
		r.warn("the checkout is at %s, Argo CD rendered %s: what differs may be what was committed in between", checkout.Revision, l.revision)
	}
	theirs, whole, err := a.gitManifests(cmd, l)
	if err != nil {
		return err
	}
	ours, ok, err := a.renderObjects(cmd, o, rs)
	if err != nil || !ok {
		return err
	}
	return r.compareGit(ours, theirs, whole)
}

// gitManifests are Argo CD's render. At a revision argocd prints all of it, in
// its order; without one only what the controller compares, in any order.
// whole tells which.
func (a *app) gitManifests(cmd *cobra.Command, l *liveApp) (objects []*live.Object, whole bool, err error) {
	args := []string{"app", "manifests", l.name, "--source", "git"}
	var data []byte
	if commit.MatchString(l.revision) && !l.app.MultiSource() {
		data, err = a.argocd(cmd.Context(), append(slices.Clone(args), "--revision", l.revision)...)
		whole = err == nil
	}
	if !whole {
		if data, err = a.argocd(cmd.Context(), args...); err != nil {
			return nil, false, err
		}
	}
	objects, err = live.Read("argocd app manifests "+l.name+" --source git", data)
	return objects, whole, err
}

func (r *liveRun) compareGit(ours, theirs []*live.Object, whole bool) error {
	a := r.app
	r.settings.Tracking = live.Detect(r.names, theirs, ours)
	r.settings.Scopes = live.NewScopes(nil, slices.Concat(ours, theirs))
	mine, err := live.Normalize(ours, r.settings)
	if err != nil {
		return err
	}
	his, err := live.Normalize(theirs, r.settings)
	if err != nil {
		return err
	}
	g := live.Equal(mine, his, whole)
	if err := r.printGit(g); err != nil {
		return err
	}
	if g.Hidden > 0 {
		r.note("%s of Secrets can't be compared: argocd masks them", plural(g.Hidden, "value"))
	}
	if !whole {
		r.note("order isn't compared: argocd tells none here")
		if n := len(mine.Hooks); n > 0 {
			r.note("%s: argocd doesn't list them here", pluralVerb(n, "hook isn't compared", "hooks aren't compared"))
		}
	}
	for _, n := range r.notes {
		r.say("note: %s", n)
	}
	switch {
	case g.Differs():
		a.code = exitFindings
		r.say("kesbridge: %s: leave the Application native until this is understood", g.Summary())
	case g.Same == 0:
		r.say("kesbridge: no objects on either side")
	default:
		r.say("kesbridge: %s as Argo CD renders them: the Application can move to the plugin (kesbridge plugin enable)", plural(g.Same, "object"))
	}
	return nil
}

func (r *liveRun) printGit(g live.Git) error {
	for _, d := range g.Different {
		before, err := yamlOf(d.Theirs)
		if err != nil {
			return err
		}
		after, err := yamlOf(d.Ours)
		if err != nil {
			return err
		}
		if err := r.app.printDifference(d.Key.String(), "argocd", before, "kesbridge", after); err != nil {
			return err
		}
	}
	if g.Moved != "" {
		r.note("the order differs from %s on", g.Moved)
	}
	return nil
}

// yamlOf is an object as `argocd app diff` prints it: sorted; empty for none.
func yamlOf(o *live.Object) ([]byte, error) {
	if o == nil || reflect.ValueOf(o.Object).IsNil() {
		return nil, nil
	}
	b, err := sigsyaml.Marshal(o.Object)
	if err != nil {
		return nil, fmt.Errorf("print object: %w", err)
	}
	return b, nil
}
