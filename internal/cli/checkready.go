package cli

import (
	"bytes"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/crd"
	"kesbridge/internal/cutover"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/report"
	"kesbridge/internal/rule"
	"kesbridge/render"
)

// watch makes the options of an output tell of its KES objects.
func (w *work) watch(opts pipeline.Options) pipeline.Options {
	opts.Seen = func(o *manifest.Object) {
		if origin := w.origins[o.Pos.File]; origin != nil {
			w.objects[lineOf(o.Pos)] = origin(o)
		}
		w.secrets = append(w.secrets, seen{pos: o.Pos, resource: w.begin(o, opts), secret: report.Secret{Ref: o.Ref, Before: string(o.Raw())}})
	}
	opts.Decided = func(o *manifest.Object, d pipeline.Decision) {
		s := &w.secrets[len(w.secrets)-1]
		s.secret.Mode, s.secret.Target = d.Mode.Mode, o.Ref.Name
		s.resource.Decide(d.Mode.Mode, d.Mode.From == builtIn, d.Mode.Final)
		if d.In == nil {
			return
		}
		s.secret.Store = d.Result.Store.Ref.Kind + "/" + d.Result.Store.Ref.Name
		if d.Result.ESO.Target.Name != "" {
			s.secret.Target = d.Result.ESO.Target.Name
		}
		s.plain = len(d.Result.Templates) == 0 && plainTemplate(d.In.Spec.Template) && !o.JSON
		var after [][]byte
		for _, m := range d.After {
			text := manifest.PrintYAML(m)
			after = append(after, text)
			w.validate(opts, text, o, &s.resource)
		}
		s.secret.After = string(bytes.Join(after, []byte("---\n")))
	}
	return opts
}

// validate holds a converted object against its CRD.
func (w *work) validate(opts pipeline.Options, text []byte, from *manifest.Object, r *cutover.Resource) {
	set := w.c.schemas(opts.Profile)
	w.reread(text, func(o *manifest.Object) {
		w.kinds[o.Ref.Kind] = true
		w.rendered(o)
		w.became(r, o, opts)
		for _, p := range set.Check(o) {
			w.run.Add(rule.Invalid.At(from.Pos, from.Ref, "the ESO object for it: %s", p))
		}
	})
}

// schemas are the CRDs for a profile. Which were taken instead of those of the
// very version is said once.
func (c *checking) schemas(p eso.Profile) *crd.Set {
	version := p.Version()
	if version == "" && strings.HasSuffix(p.APIVersion(), "/v1beta1") {
		version = "0.14" // inferred: all that have it say the same of our fields
	}
	set, note := crd.For(version)
	if note != "" {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.notes[note] = true
	}
	return set
}

// reread shows the ESO objects of a text.
func (w *work) reread(text []byte, show func(*manifest.Object)) {
	t := &manifest.Transformer{Groups: []string{eso.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		show(o)
		return manifest.Result{}, nil
	}}
	p, err := t.Plan(context.Background(), manifest.Input{Name: "output", R: bytes.NewReader(text)})
	if err != nil {
		w.run.Add(rule.Invalid.At(manifest.Pos{}, manifest.Ref{}, "it can't be read again: %v", err))
		return
	}
	p.Close()
}

// conclude finds what the whole output shows, and says what the app is ready
// for.
func (w *work) conclude(ctx context.Context) error {
	r := w.r
	findings, counts := w.run.Part(w.place)
	w.counts = counts
	r.findings = append(append(r.findings, findings...), w.newDoubts(findings)...)
	r.app.KES, r.app.Converted = counts.KES, counts.Converted
	if err := w.inspect(ctx); err != nil {
		return err
	}
	if err := w.steps(ctx); err != nil {
		return err
	}
	w.crossFile()
	for _, s := range w.secrets {
		s.secret.Pos = w.place(s.pos, s.secret.Ref)
		r.app.Secrets = append(r.app.Secrets, s.secret)
	}
	if w.c.golden != nil && r.app.State != report.Broken {
		var out bytes.Buffer
		j := &joiner{w: &out}
		for _, p := range w.plans {
			j.next = true
			if _, err := p.WriteTo(j); err != nil {
				return err
			}
		}
		found, err := w.c.golden.compare(r.app.ID, out.Bytes())
		if err != nil {
			return err
		}
		r.about = append(r.about, found...)
	}
	return nil
}

func lineOf(p manifest.Pos) manifest.Pos { return manifest.Pos{File: p.File, Line: p.Line} }

// place is where something in the rendered text stands in the sources.
func (w *work) place(pos manifest.Pos, ref manifest.Ref) manifest.Pos {
	if index := w.indexes[pos.File]; index != nil {
		if origin := w.objects[lineOf(pos)]; origin != "" {
			pos.Origin = origin
		}
		return index.Source(pos, ref)
	}
	if pos.File == "" && pos.Origin != "" {
		return w.r.app.Application // it is about the app
	}
	return pos
}

// ready says what an app is ready for.
func (w *work) ready() (report.State, string) {
	counts := w.counts
	if counts.KES == 0 {
		return report.Native, ""
	}
	if reason, ok := w.blocked(); ok {
		return report.Blocked, reason
	}
	var open []string
	for _, f := range slices.Concat(w.r.findings, w.doubts) {
		if f.Rule == rule.GoldenDiffers.ID {
			continue // says nothing of what the app is ready for
		}
		if (f.Severity >= manifest.Error || slices.ContainsFunc(w.doubts, func(d manifest.Finding) bool { return d == f })) && f.Waived == "" {
			open = append(open, f.Rule)
		}
	}
	if len(open) > 0 {
		slices.Sort(open)
		var parts []string
		for _, id := range slices.Compact(open) {
			known, _ := rule.Find(id)
			parts = append(parts, fmt.Sprintf("%s (%s)", known.Summary, id))
		}
		return report.Decision, strings.Join(parts, "; ")
	}
	if w.trivial(counts) {
		return report.Rewrite, plural(counts.KES, "plain document")
	}
	return report.Plugin, w.modes()
}

// newDoubts are the doubts that no other finding says.
func (w *work) newDoubts(said manifest.Findings) manifest.Findings {
	return slices.DeleteFunc(slices.Clone(w.doubts), func(d manifest.Finding) bool {
		return slices.ContainsFunc(said, func(f manifest.Finding) bool { return f.Rule == d.Rule && f.Ref == d.Ref })
	})
}

// modes says by which modes resources aren't replaced.
func (w *work) modes() string {
	var parts []string
	for _, mode := range config.Modes() {
		if n := w.run.Modes()[mode]; n > 0 && mode != config.Replace {
			parts = append(parts, fmt.Sprintf("%d in mode %s", n, mode))
		}
	}
	return strings.Join(parts, ", ")
}

// fewDocuments is how many documents somebody rewrites in the time in which a
// plugin is set up.
const fewDocuments = 2

// trivial: the KES resources are plain documents of the app's own, and their
// conversions need no second look.
func (w *work) trivial(counts pipeline.Counts) bool {
	if counts.KES > fewDocuments || counts.Converted != counts.KES {
		return false
	}
	for _, s := range w.secrets {
		pos := w.place(s.pos, s.secret.Ref)
		own := pos.File == w.r.app.Path || strings.HasPrefix(pos.File, w.r.app.Path+"/") || w.r.app.Path == "."
		switch path.Ext(pos.File) {
		case ".yaml", ".yml":
		default:
			own = false
		}
		if !s.plain || !own || s.secret.Mode != config.Replace {
			return false
		}
	}
	return render.Kind(w.r.app.Kind) != render.Helm
}

// plainTemplate: the Secret has the fetched values and nothing else.
func plainTemplate(t kes.Template) bool {
	return len(t.Labels)+len(t.Annotations)+len(t.Data)+len(t.StringData)+len(t.Finalizers)+len(t.Other) == 0 && !t.Immutable
}
