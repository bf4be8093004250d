package argocd

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"kesbridge/internal/manifest"
)

// Bounds of what one ApplicationSet may ask for.
const (
	maxParams       = 20_000
	maxApplications = 10_000
	maxExpansion    = 30 * time.Second
)

// appSet is an ApplicationSet. Generators and template stay trees: Argo CD
// templates every string in them, whatever its meaning.
type appSet struct {
	Metadata Metadata `json:"metadata"`
	Spec     struct {
		GoTemplate        bool             `json:"goTemplate"`
		GoTemplateOptions []string         `json:"goTemplateOptions"`
		Generators        []map[string]any `json:"generators"`
		Template          map[string]any   `json:"template"`
		TemplatePatch     *string          `json:"templatePatch"`
	} `json:"spec"`
}

// expansion is one ApplicationSet on its way to Applications.
type expansion struct {
	set      appSet
	checkout *Checkout
	options  Options
	render   *renderer
	params   int                // how many sets there are so far
	files    map[string][]entry // by directory of the repository
	read     map[string]bool    // what git generators read
}

// applicationSet makes the Applications in Argo CD's order, clusters sorted by
// name (there it is chance) and a merge in the order of its first generator.
// A template that runs for too long is left alone, as render does.
func (obj *object) applicationSet(c *Checkout, o Options) ([]Application, error) {
	type result struct {
		apps []Application
		err  error
	}
	done := make(chan result, 1)
	deadline := time.Now().Add(maxExpansion)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{nil, fmt.Errorf("make Applications: panic: %v", p)}
			}
			done <- r
		}()
		r.apps, r.err = expand(obj, c, o, deadline)
	}()
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case r := <-done:
		return r.apps, r.err
	case <-timer.C:
		return nil, &LimitError{What: "the time in seconds that the templates take", Max: int64(maxExpansion / time.Second)}
	}
}

func expand(obj *object, c *Checkout, o Options, deadline time.Time) ([]Application, error) {
	x := &expansion{checkout: c, options: o}
	if err := json.Unmarshal(obj.json, &x.set); err != nil {
		return nil, fmt.Errorf("read ApplicationSet: %w", err)
	}
	if err := checkName(x.set.Metadata); err != nil {
		return nil, err
	}
	var err error
	if x.render, err = newRenderer(x.set.Spec.GoTemplate, x.set.Spec.GoTemplateOptions, deadline); err != nil {
		return nil, err
	}
	if len(x.set.Spec.Generators) == 0 {
		return nil, &GeneratorError{Generator: "(none)", Unknown: true}
	}
	var apps []Application
	names := map[string]bool{}
	for i, g := range x.set.Spec.Generators {
		made, err := x.applications(g)
		if err != nil {
			return nil, fmt.Errorf("generator %d: %w", i+1, err)
		}
		for _, app := range made {
			// applicationset/controllers/applicationset_controller.go,
			// validateGeneratedApplications
			if names[app.Metadata.Name] {
				return nil, &PathError{Path: "metadata.name " + app.Metadata.Name, Reason: "several Applications of the ApplicationSet have this name"}
			}
			names[app.Metadata.Name] = true
			app.Pos, app.Set = obj.pos, x.set.Metadata.Name
			apps = append(apps, app)
		}
		if len(apps) > maxApplications {
			return nil, &LimitError{What: "the number of Applications", Max: maxApplications}
		}
	}
	read := slices.Sorted(maps.Keys(x.read))
	for i := range apps {
		apps[i].GeneratorFiles = read
	}
	return apps, nil
}

// applications is applicationset/controllers/template/template.go,
// GenerateApplications, for one generator.
func (x *expansion) applications(g map[string]any) ([]Application, error) {
	results, err := x.transform(g, x.set.Spec.Template, nil, 0)
	if err != nil {
		return nil, err
	}
	var apps []Application
	for _, r := range results {
		template := temporary(r.template)
		for _, params := range r.params {
			app, err := x.application(template, params)
			if err != nil {
				return nil, err
			}
			apps = append(apps, *app)
		}
	}
	return apps, nil
}

func (x *expansion) application(template, params map[string]any) (*Application, error) {
	tree := any(template)
	if len(params) > 0 { // without, Argo CD takes the template as it is
		var err error
		if tree, err = x.render.tree(template, params, nil); err != nil {
			return nil, err
		}
	}
	b, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("print Application: %w", err)
	}
	app := &Application{}
	if patch := x.set.Spec.TemplatePatch; patch != nil {
		if b, err = x.patch(b, *patch, params); err != nil {
			return nil, err
		}
	}
	if err := decodeApplication(b, app); err != nil {
		return nil, fmt.Errorf("%s: %w", manifest.Ref{Kind: "Application", Name: app.Metadata.Name}, err)
	}
	app.APIVersion, app.Kind = Group+"/v1alpha1", "Application"
	// The Application's namespace is the set's: the boundary of sets in any
	// namespace.
	app.Metadata.Namespace = x.set.Metadata.Namespace
	return app, nil
}

// temporary keeps what Argo CD takes over from a template (GetTempApplication).
func temporary(template map[string]any) map[string]any {
	meta := map[string]any{}
	from, _ := template["metadata"].(map[string]any)
	for _, k := range []string{"name", "namespace", "labels", "annotations", "finalizers"} {
		if v, ok := from[k]; ok {
			meta[k] = v
		}
	}
	spec, ok := template["spec"].(map[string]any)
	if !ok {
		spec = map[string]any{}
	}
	return map[string]any{"metadata": meta, "spec": spec}
}
