package cli

import (
	"context"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/rule"
)

// served reports what the cluster's list of API versions says against the ESO
// objects of an output. Only the plugin has the list of the very cluster.
func served(ctx context.Context, run *pipeline.Run, r *rendering, plans []*manifest.Plan) error {
	opts := r.options
	if run.Converted() == 0 || opts.Served.State == eso.NoList || !opts.Plugin {
		return nil
	}
	pos := manifest.Pos{Origin: r.label}
	if opts.VersionSet {
		if c, ok := opts.Served.Contradicts(opts.Profile); ok {
			run.AddFor(opts, rule.VersionContradicted.At(pos, manifest.Ref{}, "%s", c))
		}
		return nil
	}
	for _, doubt := range opts.Served.Doubts() {
		run.AddFor(opts, rule.ListDoubt.At(pos, manifest.Ref{}, "%s", doubt))
	}
	none := opts.Served.Err()
	if none == nil {
		return nil
	}
	// The CRDs may come with the app.
	own := false
	for _, p := range plans {
		err := p.Find(ctx, []string{eso.Group}, []string{"apiextensions.k8s.io"}, func(o *manifest.Object) {
			own = own || o.Ref.Kind == "CustomResourceDefinition" && strings.HasSuffix(o.Ref.Name, "."+eso.Group)
		})
		if err != nil {
			return err
		}
	}
	if !own {
		run.AddFor(opts, rule.NoESO.At(pos, manifest.Ref{}, "%v", none))
	}
	return nil
}
