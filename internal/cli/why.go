package cli

import (
	"fmt"
	"strings"

	"kesbridge/internal/convert"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// explanations are what render --explain says of one KES resource: which
// layer chose each of its settings.
type explanations struct {
	namespace, name string
	out             []string
}

// newExplanations reads "NAMESPACE/NAME", or a name alone for resources whose
// manifests give no namespace.
func newExplanations(s string) *explanations {
	e := &explanations{name: s}
	if ns, name, ok := strings.Cut(s, "/"); ok {
		e.namespace, e.name = ns, name
	}
	return e
}

func (e *explanations) matches(r manifest.Ref) bool {
	return r.Name == e.name && (r.Namespace == e.namespace || r.Namespace == "")
}

// watch makes the options of an output tell of the resource.
func (e *explanations) watch(o options, opts pipeline.Options) pipeline.Options {
	next := opts.Decided
	opts.Decided = func(obj *manifest.Object, d pipeline.Decision) {
		if next != nil {
			next(obj, d)
		}
		if e.matches(obj.Ref) {
			e.out = append(e.out, explain(o, opts, obj, d))
		}
	}
	return opts
}

func explain(o options, opts pipeline.Options, obj *manifest.Object, d pipeline.Decision) string {
	var b strings.Builder
	line := func(key, value, from string) {
		fmt.Fprintf(&b, "  %s\n", strings.TrimRight(fmt.Sprintf("%-16s %-28s %s", key, value, from), " "))
	}
	fmt.Fprintf(&b, "%s: %s\n", obj.Pos, obj.Ref)
	line("mode", d.Mode.Mode, d.Mode.From)
	s := opts.Settings
	if s.Cluster != "" {
		line("cluster", s.Cluster, "")
	}
	if d.By.Name != "" {
		line("ESO resource", d.By.Name, "by hand")
	}
	if d.In == nil {
		return b.String()
	}
	choice := d.Result.Store
	from := ""
	switch {
	case choice.Annotated:
		from = "annotation " + store.Annotation
	case choice.Named:
		from = o.given["store"].from
	case choice.Rule != nil && !choice.Derived:
		from = choice.Rule.Pos.String()
	case choice.Derived:
		from = "derived from what it must hold (" + strings.Join(d.Result.Need.Requirements(s.Controller), "; ") + ")"
	}
	line("store", choice.Ref.Kind+" "+choice.Ref.Name, from)
	version, from := s.EsoVersion, s.EsoVersionFrom
	switch {
	case o.esoVersion != "" && !s.Fixed("esoVersion"):
		version, from = o.esoVersion, o.given["eso-version"].from
	case version == "":
		version, from = "not set", opts.Evidence
		if from == "" {
			from = "what 0.16 and all later versions agree on"
		}
	}
	line("ESO version", version, from)
	line("fidelity", d.Result.Fidelity, d.Result.FidelityFrom)
	from = "kesbridge.yaml"
	switch {
	case d.Result.RefreshAnnotated:
		from = "annotation " + convert.RefreshAnnotation
	case d.Result.DefaultRefresh:
		from = "built in"
	case choice.Rule != nil && choice.Rule.RefreshInterval != "":
		from = choice.Rule.Pos.String()
	}
	line("refreshInterval", d.Result.ESO.RefreshInterval, from)
	target := d.Result.ESO.Target.Name
	if target == "" {
		target = d.Result.ESO.Name
	}
	line("Secret", target, "")
	for _, r := range d.Followed {
		line("read by", r.Ref.String(), r.Path)
	}
	for _, r := range d.Stayed {
		line("not read by", r.Ref.String(), r.Path+" stays")
	}
	return b.String()
}

// print writes them, or says that there is no such resource.
func (e *explanations) print(a *app) error {
	if len(e.out) == 0 {
		name := e.name
		if e.namespace != "" {
			name = e.namespace + "/" + name
		}
		return &hintError{fmt.Errorf("--explain %s: the application has no such KES resource, or it failed", name), "give it as NAMESPACE/NAME, as the rendered manifest has it"}
	}
	_, err := fmt.Fprint(a.out, strings.Join(e.out, "\n"))
	return err
}
