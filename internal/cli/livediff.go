package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/live"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
)

// liveRun is one comparison with what runs.
type liveRun struct {
	app     *app
	options options
	// label is the render's name in messages.
	label    string
	names    []string // what the marks on objects may call the Application
	settings live.Settings
	policy   live.Policy
	ignored  []live.Ignore
	own      bool
	manual   bool // only a sync with --prune prunes
	// unchosen counts KES resources for which nothing chose a mode.
	unchosen int
	notes    []string
}

func (r *liveRun) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// againstFile compares a directory with live objects that somebody saved.
func (a *app) againstFile(cmd *cobra.Command, o options, dir, file string) error {
	name, data, err := a.readLive(file)
	if err != nil {
		return err
	}
	objects, err := live.Read(name, data)
	if err != nil {
		return err
	}
	if len(objects) == 0 {
		return &hintError{fmt.Errorf("%s: no objects", name), "give what `argocd app manifests NAME --source live` prints"}
	}
	o.asPlugin = true
	r := &liveRun{app: a, label: dir}
	if o.appName != "" {
		r.names = []string{o.appName}
	}
	o = r.guess(o, objects)
	rs, err := a.directory(o, dir)
	if err != nil {
		return err
	}
	if !moved(rs) {
		rs[0].options.PresetMode = config.Replace
	}
	r.options, r.settings.Namespace = o, or(o.appNamespace, "default")
	if len(r.names) == 0 {
		r.names = []string{rs[0].options.App}
	}
	r.policy = live.Policy{InstanceID: rs[0].options.Settings.Controller["INSTANCE_ID"]}
	return r.compare(cmd, rs, objects)
}

func (a *app) readLive(file string) (name string, data []byte, err error) {
	if file == "-" {
		data, err = io.ReadAll(a.in)
		if err != nil {
			err = fmt.Errorf("read standard input: %w", err)
		}
		return "<stdin>", data, err
	}
	data, err = os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return file, nil, &hintError{fmt.Errorf("--live %s: no such file", file), "argocd app manifests NAME --source live > " + file + " writes it; --live-app NAME asks argocd itself"}
	}
	if err != nil {
		err = fmt.Errorf("read live objects: %w", err)
	}
	return file, data, err
}

var instanceName = regexp.MustCompile(`^[a-z0-9][-a-z0-9._]*$`)

// guess takes the Application's name and its namespace from the live objects
// where no flag gives them: the directory's name is a weaker guess.
func (r *liveRun) guess(o options, objects []*live.Object) options {
	t := live.Detect(r.names, objects, nil)
	if o.appName == "" && t.Known && instanceName.MatchString(t.App) {
		o.appName, r.names = t.App, []string{t.App}
		r.note("Application %s, as the live objects say; --app-name sets another", t.App)
	}
	if name := commonLabel(objects); o.appName == "" && !t.Known && instanceName.MatchString(name) {
		o.appName, r.names = name, []string{name}
		r.note("Application %s, as the label %s of the live objects says; --app-name sets another", name, live.DefaultLabelKey)
	}
	if o.appNamespace != "" {
		return o
	}
	found := map[string]int{}
	for _, l := range objects {
		if ns := l.GetNamespace(); ns != "" {
			found[ns]++
		}
	}
	switch names := slices.Sorted(maps.Keys(found)); {
	case len(names) == 1:
		o.appNamespace = names[0]
		r.note("destination namespace %s, where all live objects are; --app-namespace sets another", names[0])
	case len(names) > 1:
		r.note("destination namespace default, since the live objects are in several (%s); --app-namespace sets another", strings.Join(names, ", "))
	}
	return o
}

// commonLabel is the value that all live objects with the label share; charts
// set it to the release's name, which is the Application's.
func commonLabel(objects []*live.Object) string {
	value := ""
	for _, l := range objects {
		switch v := l.GetLabels()[live.DefaultLabelKey]; {
		case v == "":
		case value == "":
			value = v
		case value != v:
			return ""
		}
	}
	return value
}

// againstApp compares with the live objects of an Application.
func (a *app) againstApp(cmd *cobra.Command, o options, dir, name string) error {
	l, err := a.liveApplication(cmd.Context(), name)
	if err != nil {
		return err
	}
	o.asPlugin = true
	rs, _, err := a.liveRenderings(o, l, dir)
	if err != nil {
		return err
	}
	data, err := a.argocd(cmd.Context(), "app", "manifests", name, "--source", "live")
	if err != nil {
		return err
	}
	objects, err := live.Read("argocd app manifests "+name, data)
	if err != nil {
		return err
	}
	r := &liveRun{
		app: a, options: o, label: "application " + l.app.Metadata.Name, names: l.names(),
		settings: live.Settings{Namespace: l.app.Spec.Destination.Namespace},
		policy:   live.NewPolicy(l.syncOptions(), rs[0].options.Settings.Controller["INSTANCE_ID"]),
		own:      l.ownNamespace(),
	}
	unread := 0
	if r.ignored, unread = l.ignored(); unread > 0 {
		r.note("spec.ignoreDifferences: jqPathExpressions and managedFieldsManagers aren't evaluated here, so what they hide may be shown")
	}
	for _, d := range l.doubts {
		r.warn("Argo CD's own answers are in doubt: %s", d)
	}
	if slices.Contains(l.syncOptions(), "ServerSideApply=true") || strings.Contains(l.app.Metadata.Annotations["argocd.argoproj.io/compare-options"], "ServerSideDiff=true") {
		r.note("the Application has ServerSideApply=true or ServerSideDiff=true: Argo CD compares lists literally, or asks the API server, and may show more or less than this")
	}
	if slices.Contains(l.syncOptions(), "Prune=false") {
		r.note("Prune=false in the Application's syncOptions holds from Argo CD 3.4 on: here it isn't counted upon")
	}
	r.manual = !l.prunes()
	if !moved(rs) {
		r.note("the Application isn't the plugin's yet: it is shown as if it were")
	}
	return r.compare(cmd, rs, objects)
}

// compare renders, compares and prints.
func (r *liveRun) compare(cmd *cobra.Command, rs []rendering, objects []*live.Object) error {
	a := r.app
	for i := range rs {
		rs[i].options.Decided = func(_ *manifest.Object, d pipeline.Decision) {
			if d.Mode.From == "built in" {
				r.unchosen++
			}
		}
	}
	own, ok, err := a.renderObjects(cmd, r.options, rs)
	if err != nil || !ok {
		return err
	}
	r.settings.Tracking = live.Detect(r.names, objects, own)
	r.settings.Scopes = live.NewScopes(objects, own)
	targets, err := live.Normalize(own, r.settings)
	if err != nil {
		return err
	}
	profile := rs[0].options.Profile
	c, err := live.Compare(targets, objects, live.Options{Settings: r.settings, Ignored: r.ignored, Default: profile.Fill, OwnNamespace: r.own})
	if err != nil {
		return err
	}
	if err := a.printItems(c.Items); err != nil {
		return err
	}
	r.policy.ByLabel = r.settings.Tracking.Method == live.TrackLabel
	for _, line := range c.Fates(r.policy) {
		if _, err := fmt.Fprintln(a.out, line); err != nil {
			return writeError(err)
		}
	}
	r.remark(&c, &targets)
	for _, n := range r.notes {
		r.say("note: %s", n)
	}
	r.say("kesbridge: %s", summaryOf(&c))
	if c.Differs() {
		a.code = exitFindings
	}
	return nil
}

// warn is said even with --quiet.
func (r *liveRun) warn(format string, args ...any) {
	fmt.Fprintf(r.app.err, "%s %s\n", r.app.palette().yellow("warning:"), fmt.Sprintf(format, args...))
}

// say is for what --quiet leaves out.
func (r *liveRun) say(format string, args ...any) {
	if !r.options.quiet {
		fmt.Fprintf(r.app.err, format+"\n", args...)
	}
}

// remark says what the comparison itself can't show.
func (r *liveRun) remark(c *live.Comparison, targets *live.Targets) {
	if r.unchosen > 0 {
		r.note("nothing chooses a mode for %s: shown in mode replace; the plugin would refuse them", plural(r.unchosen, "KES resource"))
	}
	for _, k := range targets.Repeated {
		r.warn("%s is rendered more than once: the last one counts (Argo CD warns with RepeatedResourceWarning)", k)
	}
	if r.manual && c.Count(live.Pruned) > 0 {
		r.note("the Application doesn't prune by itself: what is shown as pruned stays, OutOfSync, until a sync with prune")
	}
	if !r.settings.Tracking.Known {
		r.note("no live object carries the Application's mark: annotation tracking is assumed, Argo CD's default since 3.0")
	}
	hidden, once := 0, 0
	for i := range c.Items {
		hidden += c.Items[i].Diff.Hidden
		if d := c.Items[i].Diff; d.OutOfSync && !d.Changed {
			once++
		}
	}
	if hidden > 0 {
		r.note("%s of Secrets can't be compared: argocd masks them", plural(hidden, "value"))
	}
	if once > 0 {
		r.note("%s only in ESO's defaults: Argo CD shows OutOfSync until the next sync, which changes nothing", pluralVerb(once, "object differs", "objects differ"))
	}
	if n := len(targets.Hooks) + len(targets.Skipped); n > 0 {
		r.note("%s, which Argo CD doesn't compare", pluralVerb(n, "hook or skipped object left out", "hooks or skipped objects left out"))
	}
	if c.Foreign > 0 {
		r.note("%s the mark of %s: Argo CD leaves them alone", pluralVerb(c.Foreign, "live object doesn't carry", "live objects don't carry"), r.settings.Tracking.App)
	}
}

func pluralVerb(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func summaryOf(c *live.Comparison) string {
	var parts []string
	for _, p := range []struct {
		state live.State
		what  string
	}{{live.Changed, "changed"}, {live.Created, "created"}, {live.Pruned, "pruned"}, {live.Kept, "kept by Prune=false"}, {live.Same, "equal"}} {
		if n := c.Count(p.state); n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, p.what))
		}
	}
	if !c.Differs() {
		return fmt.Sprintf("%s, all equal to what runs", plural(len(c.Items), "object"))
	}
	return plural(len(c.Items), "object") + ": " + strings.Join(parts, ", ")
}

// printItems prints what differs, under the headers of `argocd app diff`.
func (a *app) printItems(items []live.Item) error {
	for i := range items {
		item := &items[i]
		if item.State == live.Same {
			continue
		}
		before, err := yamlOf(item.Before)
		if err != nil {
			return err
		}
		after, err := yamlOf(item.After)
		if err != nil {
			return err
		}
		if err := a.printDifference(item.Key.String(), "live", before, "plugin", after); err != nil {
			return err
		}
	}
	return nil
}
