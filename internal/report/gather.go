package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
)

// Add puts apps in, in the order of their IDs.
func (r *Report) Add(apps ...App) {
	r.Apps = append(r.Apps, apps...)
	slices.SortStableFunc(r.Apps, func(a, b App) int { return cmp.Compare(a.ID, b.ID) })
}

// AddFindings puts in findings that belong to no app.
func (r *Report) AddFindings(fs ...manifest.Finding) {
	for _, f := range fs {
		r.Findings = append(r.Findings, Finding{Finding: f})
	}
}

// Merge puts in all of another one.
func (r *Report) Merge(other *Report) {
	r.Add(other.Apps...)
	r.Findings = append(r.Findings, other.Findings...)
}

// Totals counts the apps in each state.
func (r *Report) Totals() map[State]int {
	n := map[State]int{}
	for _, a := range r.Apps {
		n[a.State]++
	}
	return n
}

// Settle sets the fingerprints.
func (r *Report) Settle() { *r = *r.settled() }

// settled is a copy with fingerprints, and without anything of kind Secret,
// whose values have no business in a report.
func (r *Report) settled() *Report {
	c := *r
	c.Apps = slices.Clone(r.Apps)
	c.Findings = slices.Clone(r.Findings)
	for i := range c.Apps {
		a := &c.Apps[i]
		a.Findings = slices.Clone(a.Findings)
		a.Secrets = nil
		for _, s := range r.Apps[i].Secrets {
			if s.Ref.Kind == "Secret" && s.Ref.Group == "" {
				continue
			}
			s.Before, s.After = withoutSecrets(s.Before), withoutSecrets(s.After)
			a.Secrets = append(a.Secrets, s)
		}
	}
	prints := numbers(&c)
	c.each(func(_ *App, f *Finding) { f.Fingerprint = prints[spotOf(f.Finding)] })
	return &c
}

var secretKind = regexp.MustCompile(`(?m)^(?:\{?\s*"kind"|kind)\s*:\s*["']?Secret["']?\s*(?:[,}#].*)?$`)

// withoutSecrets is the last gate: KES and ESO objects hold keys alone.
func withoutSecrets(s string) string {
	if secretKind.MatchString(s) {
		return "# a Secret, which is not shown\n"
	}
	return s
}

// each visits every finding; app is nil for those of none.
func (r *Report) each(visit func(app *App, f *Finding)) {
	for i := range r.Findings {
		visit(nil, &r.Findings[i])
	}
	for i := range r.Apps {
		for j := range r.Apps[i].Findings {
			visit(&r.Apps[i], &r.Apps[i].Findings[j])
		}
	}
}

// placed is one finding, and the apps that have it.
type placed struct {
	Finding
	apps []string
	// app is the first of them.
	app *App
}

// places lists each finding once, by file and line. It is as severe as in any
// app, and waived only where it is in all of them.
func (r *Report) places() []placed {
	var list []*placed
	index := map[string]*placed{}
	r.each(func(app *App, f *Finding) {
		p := index[f.Fingerprint]
		if p == nil {
			p = &placed{Finding: *f, app: app}
			index[f.Fingerprint] = p
			list = append(list, p)
		}
		p.Severity = max(p.Severity, f.Severity)
		if f.Waived == "" {
			p.Waived = ""
		}
		if app != nil && !slices.Contains(p.apps, app.ID) {
			p.apps = append(p.apps, app.ID)
		}
	})
	slices.SortStableFunc(list, func(a, b *placed) int {
		return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), cmp.Compare(a.Pos.Line, b.Pos.Line), cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Pos.Origin, b.Pos.Origin), cmp.Compare(a.Ref.String(), b.Ref.String()), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message))
	})
	out := make([]placed, 0, len(list))
	for _, p := range list {
		slices.Sort(p.apps)
		out = append(out, *p)
	}
	return out
}

// worstFirst orders by severity, then by place.
func worstFirst(ps []placed) []placed {
	ps = slices.Clone(ps)
	slices.SortStableFunc(ps, func(a, b placed) int { return cmp.Compare(b.Severity, a.Severity) })
	return ps
}

// file is where people look for the finding: formats that need a file get the
// nearest one that there is.
func (p placed) file() string {
	for _, s := range []string{p.Pos.File, p.Pos.Origin} {
		if s != "" {
			return s
		}
	}
	if p.app != nil && p.app.Application.File != "" {
		return p.app.Application.File
	}
	if p.app != nil && p.app.Path != "" {
		return p.app.Path
	}
	return "kesbridge.yaml"
}

// seen names the apps, at most five of them.
func (p placed) seen() string { return p.seenAs(plain) }

// seenAs writes each name in a format's way.
func (p placed) seenAs(write func(string) string) string {
	const most = 5
	if len(p.apps) == 0 {
		return ""
	}
	var names []string
	for _, a := range p.apps[:min(most, len(p.apps))] {
		names = append(names, write(a))
	}
	s := "app " + names[0]
	if len(names) > 1 {
		s = "apps " + strings.Join(names, ", ")
	}
	if n := len(p.apps) - most; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// count is the number of findings of each severity that nobody waived, and of
// the waived ones.
func count(ps []placed) (n map[manifest.Severity]int, waived int) {
	n = map[manifest.Severity]int{}
	for _, p := range ps {
		if p.Waived != "" {
			waived++
			continue
		}
		n[p.Severity]++
	}
	return n, waived
}

// tally says it: "2 errors, 1 warning, 1 waived".
func tally(ps []placed) string {
	n, waived := count(ps)
	var parts []string
	for _, s := range []manifest.Severity{manifest.Error, manifest.Warning, manifest.Info} {
		if n[s] > 0 {
			parts = append(parts, plural(n[s], s.String()))
		}
	}
	if waived > 0 {
		parts = append(parts, fmt.Sprintf("%d waived", waived))
	}
	if len(parts) == 0 {
		return "no findings"
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
