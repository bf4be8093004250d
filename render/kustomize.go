package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// kustomizing is held while kustomize runs: a build sets the process's
// OpenAPI schema, which decides how patches merge.
var kustomizing sync.Mutex

func (a *app) kustomize(ctx context.Context) (*Output, error) {
	kustomizing.Lock()
	defer kustomizing.Unlock()
	s, err := a.build(ctx)
	if err != nil {
		return nil, err
	}
	return &Output{Kind: Kustomize, Streams: []Stream{*s}}, nil
}

// build runs kustomize so that it notes origins. Where noting them could
// change what comes out, what counts is a run without; the noting run is
// then good for origins only, as far as it agrees.
func (a *app) build(ctx context.Context) (*Stream, error) {
	noted, err := a.run(ctx, true)
	if err == nil && noted.safe {
		return a.stream(noted)
	}
	if ctx.Err() != nil || noted.fs.err != nil {
		return nil, err
	}
	plain, err := a.run(ctx, false)
	if err != nil {
		return nil, err
	}
	s, err := a.stream(plain)
	if err != nil || s.Origins != nil || noted.m == nil {
		return s, err
	}
	if t, err := a.stream(noted); err == nil && bytes.Equal(s.Data, t.Data) {
		s.Origins = t.Origins
	}
	return s, nil
}

// built is what one run of kustomize gave.
type built struct {
	m  resmap.ResMap
	fs *kustFS
	// safe: noting origins can't have changed anything.
	safe bool
	// injected: the origin annotations are ours, to be taken off again.
	injected bool
}

func (a *app) run(ctx context.Context, note bool) (*built, error) {
	k := newKustFS(ctx, a.tree, a.dir, note)
	b := &built{fs: k}
	opt := krusty.MakeDefaultOptions()
	// The command's default, unlike the library's: legacy order, unless
	// sortOptions say otherwise.
	opt.Reorder = krusty.ReorderOptionUnspecified
	m, err := krusty.MakeKustomizer(opt).Run(k, a.dir)
	if k.guard.openapi {
		// A custom schema would stay for the next build of this process.
		openapi.ResetOpenAPI()
	}
	b.injected = k.injected
	b.safe = k.userOrigins || k.injected && !k.guard.touchesAnnotations
	if k.err != nil {
		// The cause: kustomize goes on to other guesses when a read fails, and
		// reports those.
		return b, k.err
	}
	if err != nil {
		return b, &Error{File: k.rootFile(a.name), Err: &kustomizeError{msg: a.tree.clean(err.Error()), err: err}}
	}
	b.m = m
	return b, nil
}

// stream prints a build and takes the origins out of it.
func (a *app) stream(b *built) (*Stream, error) {
	s := &Stream{Name: a.name}
	if b.injected || b.fs.userOrigins {
		s.Origins = a.origins(b.m)
	}
	if b.injected {
		if err := b.m.RemoveOriginAnnotations(); err != nil {
			return nil, fmt.Errorf("kustomize %s: %w", a.name, err)
		}
	}
	data, err := b.m.AsYaml()
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", a.name, err)
	}
	s.Data = data
	return s, nil
}

func (a *app) origins(m resmap.ResMap) []Origin {
	out := make([]Origin, 0, m.Size())
	for _, r := range m.Resources() {
		gvk := r.GetGvk()
		o := Origin{APIVersion: gvk.ApiVersion(), Kind: gvk.Kind, Namespace: r.GetNamespace(), Name: r.GetName()}
		if from, err := r.GetOrigin(); err == nil && from != nil {
			p := from.Path
			if p == "" {
				p = from.ConfiguredIn
			}
			// kustomize's paths are relative to the application.
			if p != "" {
				o.Path = a.tree.show(filepath.Join(a.dir, p))
			}
		}
		out = append(out, o)
	}
	return out
}

// kustomizeError is kustomize's error without the machine's paths.
type kustomizeError struct {
	msg string
	err error
}

func (e *kustomizeError) Error() string { return e.msg }
func (e *kustomizeError) Unwrap() error { return e.err }

var errReadOnly = errors.New("the checkout is read-only")

// rootFile names the kustomization, as far as it was found.
func (k *kustFS) rootFile(name string) string {
	if k.rootName != "" {
		return path.Join(name, k.rootName)
	}
	return name
}
