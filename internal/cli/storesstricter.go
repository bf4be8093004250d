package cli

import (
	"kesbridge/internal/access"
	"kesbridge/internal/convert"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
)

// gitResource is a KES resource that an admission policy may come to judge.
type gitResource struct {
	cluster string
	opts    pipeline.Options
	es      *kes.ExternalSecret
	pos     manifest.Pos
	ref     manifest.Ref
}

// lean is a resource without its template, which decides about no key, and
// without what holds on to the YAML that it was read from: check keeps those of
// a whole repository.
func lean(es *kes.ExternalSecret) *kes.ExternalSecret {
	out := *es
	out.Spec.Template = kes.Template{}
	out.Spec.DataFrom = make([]kes.Text, len(es.Spec.DataFrom))
	for i, t := range es.Spec.DataFrom {
		out.Spec.DataFrom[i] = kes.Text{Key: t.Key, Value: t.Value, Path: t.Path, Pos: t.Pos}
	}
	return &out
}

// stricter names the resources of a cluster that KES served and the policy
// refuses. What can't be converted is said elsewhere.
func (g *gathering) stricter(cluster string, p access.Policy) {
	judge := p.Judge()
	for _, r := range g.resources {
		if r.cluster != cluster || r.ref.Namespace == "" {
			continue
		}
		res := convert.Convert(r.es, convert.Options{
			Settings: r.opts.Settings, Profile: r.opts.Profile, Stores: r.opts.Stores, App: r.opts.App, Project: r.opts.Project,
		})
		if res.ESO == nil {
			continue
		}
		for _, f := range judge.Stricter(r.ref.Namespace, r.es, res.ESO) {
			f.Pos, f.Ref = r.pos, r.ref
			g.say(r.opts, f)
		}
	}
}
