package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"

	sigsyaml "sigs.k8s.io/yaml"

	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/preview"
	"kesbridge/internal/report"
)

// conversion is a KES object and what becomes of it.
type conversion struct {
	pos           manifest.Pos
	ref           manifest.Ref
	mode          string // empty: it could not be converted
	before, after []byte
	err           error
}

// conversions collects them in the order of the input.
type conversions struct {
	list    []*conversion
	current *manifest.Object
}

// watch makes the options of an output tell of its KES objects.
func (cs *conversions) watch(opts pipeline.Options) pipeline.Options {
	opts.Seen = func(o *manifest.Object) {
		cs.current = o
		c := &conversion{pos: o.Pos, ref: o.Ref}
		c.before, c.err = shownText(o, nil)
		cs.list = append(cs.list, c)
	}
	instance := ""
	if opts.Settings != nil {
		instance = opts.Settings.Controller["INSTANCE_ID"]
	}
	opts.Followed = func(o *manifest.Object, texts []manifest.Text) {
		c := &conversion{pos: o.Pos, ref: o.Ref, mode: followedMode}
		if c.before, c.err = shownText(o, nil); c.err == nil {
			c.after, c.err = followedText(o, texts)
		}
		cs.list = append(cs.list, c)
	}
	opts.Decided = func(o *manifest.Object, d pipeline.Decision) {
		if c := cs.list[len(cs.list)-1]; o == cs.current && c.err == nil {
			c.decide(o, d, instance)
		}
	}
	return opts
}

func (c *conversion) decide(o *manifest.Object, d pipeline.Decision, instance string) {
	c.mode = d.Mode.Mode
	switch c.mode {
	case config.Keep:
		c.after = c.before
		return
	case config.Freeze, config.Protect:
		var set []manifest.Assignment
		if set, c.err = cutover.Freeze(o, instance, c.mode == config.Protect); c.err == nil {
			c.after, c.err = shownText(o, set)
		}
		return
	}
	var parts [][]byte
	if c.mode == config.SideBySide || c.mode == config.Switch {
		parts = append(parts, c.before)
	}
	for _, m := range d.After {
		parts = append(parts, manifest.PrintYAML(m))
	}
	c.after = bytes.Join(parts, []byte("---\n"))
}

// followedMode stands where an object that isn't KES's would have a mode.
const followedMode = "references follow"

// followedText is an object as a document of its own, with its references
// changed as in the output.
func followedText(o *manifest.Object, texts []manifest.Text) ([]byte, error) {
	text, err := shownText(o, nil)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, t := range texts {
		if n := manifest.NodeAt(o.Node, t.Path); n != nil {
			names = append(names, n.Value)
		}
	}
	// What is an item of a List may leave its kind to that: every group.
	tr := &manifest.Transformer{Groups: []string{kes.Group}, Names: names, NamedGroups: []string{manifest.AnyGroup}, Visit: func(*manifest.Object) (manifest.Result, error) {
		return manifest.Result{Action: manifest.Edit, Texts: texts, Refused: func(error) {}}, nil
	}}
	plan, err := tr.Plan(context.Background(), manifest.Input{Name: o.Pos.File, R: bytes.NewReader(text)})
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	var out bytes.Buffer
	_, err = plan.WriteTo(&out)
	return out.Bytes(), err
}

// shownText is an object as a document of its own, with some strings set. What
// was JSON is shown as YAML, beside which ESO's is put.
func shownText(o *manifest.Object, set []manifest.Assignment) ([]byte, error) {
	text := o.Raw()
	if n := o.Pos.Column - 1; n > 0 && !o.JSON {
		text = dedent(text, n)
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(bytes.Clone(text), '\n')
	}
	if set != nil {
		text = edited(text, set)
	}
	if o.JSON {
		return sigsyaml.JSONToYAML(text)
	}
	return text, nil
}

// dedent takes n blanks off every line but the first.
func dedent(text []byte, n int) []byte {
	indent := strings.Repeat(" ", n)
	var out []byte
	for line := range bytes.Lines(text) {
		if len(out) > 0 {
			line = bytes.TrimPrefix(line, []byte(indent))
		}
		out = append(out, line...)
	}
	return out
}

// edited is a document with strings set in its object, as the output has them.
// What isn't an object by itself, such as an item that leaves its kind to its
// List or has anchors elsewhere, gets them as comments.
func edited(text []byte, set []manifest.Assignment) []byte {
	t := &manifest.Transformer{Groups: []string{kes.Group}, Visit: func(*manifest.Object) (manifest.Result, error) {
		return manifest.Result{Action: manifest.Edit, Set: set}, nil
	}}
	var out bytes.Buffer
	plan, err := t.Plan(context.Background(), manifest.Input{R: bytes.NewReader(text)})
	if err == nil {
		defer plan.Close()
		if _, err = plan.WriteTo(&out); err == nil && plan.Changed() {
			return out.Bytes()
		}
	}
	out.Reset()
	out.Write(text)
	for _, s := range set {
		fmt.Fprintf(&out, "# set: %s: %s\n", strings.Join(s.Path, "."), s.Value)
	}
	return out.Bytes()
}

// diffConverted shows each KES resource of an application, or of a stream,
// beside what becomes of it.
func (a *app) diffConverted(ctx context.Context, o options, dir, file string) error {
	cs, run := &conversions{}, newRun(o)
	if err := a.planDiff(ctx, o, run, cs, dir, file); err != nil {
		a.sayFindings(o, run) // what the others have to say is said in the same run
		return err
	}
	for _, c := range cs.list {
		if c.err != nil {
			return c.err
		}
	}
	counts, _, words := a.sayFindings(o, run)
	var out bytes.Buffer
	changed, failed, followed := 0, 0, 0
	for _, c := range cs.list {
		name := report.Plain(c.pos.String() + " " + c.ref.String())
		switch {
		case c.mode == "":
			failed++
			fmt.Fprintf(&out, "=== %s: not converted\n", name)
		case !bytes.Equal(c.before, c.after):
			if c.mode == followedMode {
				followed++
			} else {
				changed++
			}
			if err := preview.Unified(&out, a.colourful(), name, name+" ("+c.mode+")", c.before, c.after); err != nil {
				return err
			}
		}
	}
	if _, err := a.out.Write(out.Bytes()); err != nil {
		return writeError(err)
	}
	if changed+failed+followed > 0 {
		a.code = exitFindings
	}
	if !o.quiet {
		s := fmt.Sprintf("kesbridge: %d of %s changed", changed, plural(counts.KES, "KES resource"))
		s += byMode(run.Modes())
		if followed > 0 {
			s += ", references follow in " + plural(followed, "resource")
		}
		if failed > 0 {
			s += fmt.Sprintf(", %d not converted", failed)
		}
		fmt.Fprintln(a.err, s+words)
	}
	return nil
}

// planDiff plans without printing.
func (a *app) planDiff(ctx context.Context, o options, run *pipeline.Run, cs *conversions, dir, file string) error {
	var rs []rendering
	var err error
	info, statErr := os.Stat(dir)
	switch {
	case file != "":
		rs, err = a.applications(o, file)
	case dir == "-" || statErr == nil && !info.IsDir():
		a.collect(smallHeap)
		cache := &settingsCache{app: a, opts: o, byDir: map[string]pipeline.Options{}}
		p, err := a.planFile(ctx, run, cache, dir, cs.watch)
		if err != nil {
			return err
		}
		defer p.close()
		if !p.plan.HasContent() && !o.allowEmpty {
			return &EmptyError{What: "diff: the input has no documents"}
		}
		return nil
	default:
		rs, err = a.directoryAsSent(o, dir)
	}
	if err != nil {
		return err
	}
	for i := range rs {
		rs[i].options = cs.watch(rs[i].options)
	}
	result := &renderResult{}
	defer result.close()
	return a.plan(ctx, &rendered{options: o, renderings: rs}, run, result)
}
