package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/live"
)

// liveApp is an Application as the user's argocd tells it.
type liveApp struct {
	name string // as it was asked for
	app  *argocd.Application
	// controller is the namespace of Argo CD, or empty.
	controller string
	// revision is what Argo CD compared last.
	revision string
	// doubts are conditions that make its answers doubtful.
	doubts []string
}

// appName is what argocd takes: NAME or NAMESPACE/NAME.
var appName = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`)

// liveApplication asks for an Application.
func (a *app) liveApplication(ctx context.Context, name string) (*liveApp, error) {
	data, err := askApplication(name, func(args ...string) ([]byte, error) { return a.argocd(ctx, args...) })
	if err != nil {
		return nil, err
	}
	return parseLiveApp(name, data)
}

func parseLiveApp(name string, data []byte) (*liveApp, error) {
	what := "argocd app get " + name
	var object map[string]json.RawMessage
	var rest struct {
		Status struct {
			ControllerNamespace string
			Sync                struct {
				Revision  string
				Revisions []string
			}
			Conditions []struct{ Type, Message string }
		}
	}
	err := json.Unmarshal(data, &object)
	if err == nil {
		err = json.Unmarshal(data, &rest)
	}
	if err != nil {
		return nil, &hintError{fmt.Errorf("%s: its output is no Application in JSON: %w", what, err), "try the same command by itself with -o json; nothing else may be on its standard output"}
	}
	// Older servers leave the kind out.
	object["apiVersion"], object["kind"] = json.RawMessage(`"argoproj.io/v1alpha1"`), json.RawMessage(`"Application"`)
	delete(object, "status")
	delete(object, "operation")
	full, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	apps, err := argocd.Parse(what, full, nil, argocd.Options{})
	if err != nil {
		return nil, err
	}
	if len(apps) != 1 {
		return nil, fmt.Errorf("%s: %d Applications instead of one", what, len(apps))
	}
	l := &liveApp{name: name, app: &apps[0], controller: rest.Status.ControllerNamespace, revision: rest.Status.Sync.Revision}
	for _, c := range rest.Status.Conditions {
		if strings.HasSuffix(c.Type, "Error") {
			l.doubts = append(l.doubts, c.Type+": "+c.Message)
		}
	}
	return l, nil
}

// names are what the marks on objects may call it.
func (l *liveApp) names() []string {
	names := []string{l.app.InstanceName(l.controller), l.app.Metadata.Name}
	if ns := l.app.Metadata.Namespace; ns != "" {
		names = append(names, ns+"_"+l.app.Metadata.Name)
	}
	return slices.Compact(names)
}

// renderings are what Argo CD would send: from the block of the plugin, or of
// a native app as if it were moved. DIR stands for the source's directory.
func (a *app) liveRenderings(o options, l *liveApp, dir string) (rs []rendering, checkout *argocd.Checkout, err error) {
	if checkout, err = argocd.OpenCheckout(or(dir, ".")); err != nil {
		return nil, nil, err
	}
	if dir != "" {
		if err := l.stand(checkout, dir); err != nil {
			return nil, nil, err
		}
	}
	c, err := a.config(o, or(dir, "."))
	if err != nil {
		return nil, nil, err
	}
	admin, err := a.administratorConfig()
	if err != nil {
		return nil, nil, err
	}
	aopts := argocd.Options{Clusters: clusters(config.JoinClusters(admin, c)), ControllerNamespace: l.controller}
	rs, err = a.applicationSources(o, checkout, l.app, aopts)
	if repo := (*argocd.RepoError)(nil); errors.As(err, &repo) {
		err = &hintError{err, "run kesbridge in a checkout of that repository, or give the app's directory in one: kesbridge diff DIR --live-app " + l.name}
	}
	if err != nil {
		return nil, nil, err
	}
	if !moved(rs) {
		for i := range rs {
			rs[i].options.PresetMode = config.Replace
		}
	}
	return rs, checkout, nil
}

// stand puts a directory in the place of the source's, whatever repository it
// is in.
func (l *liveApp) stand(checkout *argocd.Checkout, dir string) error {
	if err := checkDir(dir); err != nil {
		return err
	}
	if l.app.MultiSource() || l.app.Spec.Source == nil || l.app.Spec.Source.Chart != "" {
		return &usageError{"kesbridge diff", fmt.Errorf("%s has several sources, or a chart: DIR can't stand for them; run in a checkout, without DIR", l.name)}
	}
	abs, err := filepath.Abs(dir)
	if err == nil {
		abs, err = filepath.EvalSymlinks(abs)
	}
	var rel string
	if err == nil {
		rel, err = filepath.Rel(checkout.Root, abs)
	}
	if err != nil {
		return fmt.Errorf("find %s in its repository: %w", dir, err)
	}
	l.app.Spec.Source.Path = filepath.ToSlash(rel)
	checkout.URLs = []string{l.app.Spec.Source.RepoURL}
	return nil
}

// moved reports whether the Application is the plugin's already: by a block of
// its own or one in an .argocd-source file.
func moved(rs []rendering) bool {
	return slices.ContainsFunc(rs, func(r rendering) bool { return r.moved })
}

// ignored are the fields that aren't compared, and what can't be told.
func (l *liveApp) ignored() (list []live.Ignore, unread int) {
	for _, d := range l.app.Spec.IgnoreDifferences {
		if len(d.JQPathExpressions)+len(d.ManagedFieldsManagers) > 0 {
			unread++
		}
		list = append(list, live.Ignore{Group: d.Group, Kind: d.Kind, Name: d.Name, Namespace: d.Namespace, Pointers: d.JSONPointers})
	}
	return list, unread
}

func (l *liveApp) syncOptions() []string {
	if p := l.app.Spec.SyncPolicy; p != nil {
		return p.SyncOptions
	}
	return nil
}

// prunes reports whether a sync by itself prunes.
func (l *liveApp) prunes() bool {
	p := l.app.Spec.SyncPolicy
	if p == nil || p.Automated == nil || p.Automated.Enabled != nil && !*p.Automated.Enabled {
		return false
	}
	return p.Automated.Prune != nil && *p.Automated.Prune
}

// ownNamespace: Argo CD makes the namespace and manages its metadata.
func (l *liveApp) ownNamespace() bool {
	p := l.app.Spec.SyncPolicy
	return p != nil && p.ManagedNamespaceMetadata != nil && slices.Contains(p.SyncOptions, "CreateNamespace=true")
}

// renderObjects renders as the plugin would and gives the objects. ok is false
// where findings forbid it; they were printed.
func (a *app) renderObjects(cmd *cobra.Command, o options, rs []rendering) (objects []*live.Object, ok bool, err error) {
	run, result := newRun(o), &renderResult{}
	defer result.close()
	if err := a.plan(cmd.Context(), &rendered{options: o, renderings: rs}, run, result); err != nil {
		a.conclude(o, run)
		return nil, false, err
	}
	if !a.conclude(o, run) {
		return nil, false, nil
	}
	var out bytes.Buffer
	j := &joiner{w: &out}
	for _, p := range result.plans {
		j.next = true
		if _, err := p.WriteTo(j); err != nil {
			return nil, false, err
		}
	}
	objects, err = live.Read("the render of "+rs[0].label, out.Bytes())
	return objects, err == nil, err
}
