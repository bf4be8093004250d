package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/eso"
	"kesbridge/internal/fleet"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/report"
	"kesbridge/render"
)

// tracked reads how Argo CD tracks objects from the repository of a file of
// Applications, where anything in it makes Secrets.
func tracked(ctx context.Context, file string, apps []*revised) error {
	makes := func(r *revision) bool { return r != nil && len(r.makers)+len(r.resources) > 0 }
	if !slices.ContainsFunc(apps, func(r *revised) bool { return makes(r.before) || makes(r.after) }) {
		return nil
	}
	if !exists(file) {
		return nil // the application is gone
	}
	checkout, err := argocd.OpenCheckout(file)
	if err != nil {
		return err
	}
	f, err := fleet.Settings(ctx, checkout)
	if err != nil {
		return fmt.Errorf("read Argo CD's settings: %w", err)
	}
	var t cutover.Tracking
	t.Method, t.LabelKey, t.Pos = f.Tracking()
	for _, r := range apps {
		for _, side := range []*revision{r.before, r.after} {
			if side != nil {
				side.tracking = t
			}
		}
	}
	return nil
}

// trial converts what is kept today, for what will be in the way one day.
func (a *app) trial(ctx context.Context, o options, r *revision, one *rendering, output *render.Output, namespace string) error {
	kept := func(mode string) bool { return mode == config.Keep || mode == config.Freeze || mode == config.Protect }
	if !slices.ContainsFunc(r.resources, func(res cutover.Resource) bool { return kept(res.Mode) }) {
		return nil
	}
	forced := *one
	forced.options.ForceMode, forced.options.Seen = config.Replace, nil
	forced.options.Decided = func(obj *manifest.Object, d pipeline.Decision) {
		for i := range r.resources {
			res := &r.resources[i]
			if res.KES.Pos != obj.Pos || res.ESO != nil || !kept(res.Mode) || len(d.After) == 0 {
				continue
			}
			if m, ok := cutover.MakerOf(printed(d.After[0]), ""); ok {
				m.Ref.Namespace, m.Pos = or(m.Ref.Namespace, namespace), obj.Pos
				res.ESO = &m
			}
		}
	}
	result := &renderResult{}
	defer result.close()
	o.allowEmpty, o.verbose = true, false
	return a.planOutput(ctx, newRun(options{verbose: true, failOn: manifest.Info}), &forced, output, o, result)
}

// settle gives the resources what else is known of their Secrets.
func (r *revision) settle() {
	for i := range r.resources {
		res := &r.resources[i]
		res.Asked, res.Readers = r.readers != nil, r.readers.Of(&res.KES)
		for _, list := range [][]cutover.Maker{r.makers, r.others} {
			for j := range list {
				m := &list[j]
				own := m.Ref.Group == eso.Group && m.Ref.Name == res.KES.Ref.Name
				switch {
				case m.Ref.Namespace != res.KES.Ref.Namespace || m.Ref == res.KES.Ref:
				case res.ESO == nil && (own || res.Mode == config.Superseded && m.Ref.Group == eso.Group && m.Secret == res.KES.Secret):
					res.ESO = m
				case m.Secret == res.KES.Secret && !own:
					res.Others = append(res.Others, *m)
				}
			}
		}
	}
}

// stepLine are resources of an application that take the same step, which is
// as safe, and have the same one before them.
type stepLine struct {
	app, step, verdict string
	names              []string
	why                []string
	next               string
	later              []string
}

// steps are those of an application; what is said of them goes to the run.
func (r *revised) steps(run *pipeline.Run, asked bool) []stepLine {
	for _, side := range []*revision{r.before, r.after} {
		if side != nil {
			side.settle()
		}
	}
	before, after := r.before.state(asked), r.after.state(asked)
	said := cutover.Transitions(before, after)
	steps := cutover.Steps(before, after)
	said = append(said, cutover.OffWay(steps, before, after, said)...)
	run.Add(said...)
	if r.after != nil && len(r.after.renderings) > 0 {
		about := r.after.aboutApplication(said)
		run.AddFor(r.after.renderings[0].options, about...)
		said = append(said, about...)
	}
	var out []stepLine
	for i := range steps {
		s := &steps[i]
		if s.From == s.To && r.after.resource(s) == nil {
			continue // nothing of KES's, and nothing happens
		}
		line := r.line(s, said)
		same := slices.IndexFunc(out, func(o stepLine) bool {
			return o.step == line.step && o.verdict == line.verdict && o.next == line.next && slices.Equal(o.why, line.why) && slices.Equal(o.later, line.later)
		})
		if same >= 0 {
			out[same].names = append(out[same].names, line.names...)
			continue
		}
		out = append(out, line)
	}
	return out
}

// aboutApplication is what the Application's settings say about its resources,
// without what a transition says already.
func (r *revision) aboutApplication(said manifest.Findings) manifest.Findings {
	guard := ""
	if len(r.renderings) > 0 && r.renderings[0].options.Settings != nil {
		guard = r.renderings[0].options.Settings.Guard
	}
	out := r.settings().Findings(r.resources, guard)
	for i := range r.resources {
		out = append(out, r.settings().ObjectFindings(&r.resources[i])...)
	}
	return slices.DeleteFunc(out, func(f manifest.Finding) bool {
		return slices.ContainsFunc(said, func(s manifest.Finding) bool { return s.Rule == f.Rule && s.Message == f.Message })
	})
}

func (r *revision) resource(s *cutover.Step) *cutover.Resource {
	if r == nil {
		return nil
	}
	for i := range r.resources {
		if ref := r.resources[i].KES.Ref; ref.Namespace == s.Namespace && ref.Name == s.Name {
			return &r.resources[i]
		}
	}
	return nil
}

func (r *revised) line(s *cutover.Step, said manifest.Findings) stepLine {
	line := stepLine{app: r.name, step: s.String(), verdict: "safe", names: []string{strings.TrimPrefix(s.Namespace+"/"+s.Name, "/")}}
	worst := manifest.Severity(0)
	var ids []string
	for _, f := range said {
		if s.About(f.Ref) {
			worst = max(worst, f.Severity)
			ids = append(ids, f.Rule)
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	switch {
	case worst >= manifest.Error:
		line.verdict = "not safe: " + strings.Join(ids, ", ")
	case worst == manifest.Warning:
		line.verdict = "look at " + strings.Join(ids, ", ")
	case s.From == s.To:
		line.step, line.verdict = s.To, "no step"
	case s.From == cutover.StageNone:
		line.verdict = "new"
	case s.Back:
		line.verdict = "safe, a step back"
	}
	if res := r.before.resource(s); res != nil && s.From != s.To && worst < manifest.Error {
		if n := r.before.settings().Next(res); n.Step == s.To {
			line.why = n.Needs
		}
	}
	if res := r.after.resource(s); res != nil && worst < manifest.Error {
		n := r.after.settings().Next(res)
		line.next = n.Step
		if !n.Safe {
			line.next = or(n.Step, "none") + ": not safe"
		}
		for _, b := range n.Blockers {
			line.later = append(line.later, blockerText(b))
		}
		if n.Or != "" {
			line.next += ", or " + n.Or
		}
	}
	return line
}

func blockerText(b cutover.Blocker) string {
	if b.Rule == "" {
		return b.Message
	}
	return b.Message + " (" + b.Rule + ")"
}

// showSteps prints the table.
func (a *app) showSteps(o options, table []stepLine, several bool) {
	if o.quiet || len(table) == 0 {
		return
	}
	rows := [][4]string{{"SECRET", "STEP", "VERDICT", "THEN"}}
	for _, l := range table {
		rows = append(rows, [4]string{l.label(several), l.step, l.verdict, or(l.next, "-")})
	}
	var wide [4]int
	for _, row := range rows {
		for i, c := range row {
			wide[i] = max(wide[i], len([]rune(report.Plain(c))))
		}
	}
	for i, row := range rows {
		text := ""
		for j, c := range row {
			c = report.Plain(c)
			text += c + strings.Repeat(" ", wide[j]-len([]rune(c))+2)
		}
		fmt.Fprintln(a.err, strings.TrimRight(text, " "))
		if i == 0 {
			continue
		}
		for _, why := range table[i-1].why {
			fmt.Fprintln(a.err, "  needed: "+report.Plain(why))
		}
		for _, why := range table[i-1].later {
			fmt.Fprintln(a.err, "  then: "+report.Plain(why))
		}
	}
}

// label names the resources, at most three of them.
func (l *stepLine) label(several bool) string {
	const most = 3
	names := l.names
	more := ""
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	s := strings.Join(names, ", ") + more
	if several && l.app != "" {
		s = l.app + ": " + s
	}
	return s
}
