package render

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provenance"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

func (a *app) kustomize(ctx context.Context) (*Output, error) {
	opt, err := a.buildOptions()
	if err != nil {
		return nil, err
	}
	command := opt.PluginConfig.HelmConfig.Command
	// The command's files are for one build at a time, and a clone is known by
	// that it came to be during the build.
	if command == "" && !a.src.Network.Allow && shareSchema() {
		out, err := a.kustomizeBeside(ctx)
		if !errors.Is(err, errOwnSchema) {
			return out, err
		}
	}
	ownSchema()
	defer kustomizing.Unlock()
	return a.kustomizeWith(ctx, command)
}

// kustomizeBeside is for a build that other builds run beside.
func (a *app) kustomizeBeside(ctx context.Context) (*Output, error) {
	defer kustomizing.RUnlock()
	a.shared = true
	defer func() { a.shared = false }()
	return a.kustomizeWith(ctx, "")
}

func (a *app) kustomizeWith(ctx context.Context, command string) (*Output, error) {
	if command != "" {
		t, remove, err := a.openScratch(command)
		if err != nil {
			return nil, err
		}
		defer remove()
		a.scratch = t
	}
	s, err := a.build(ctx)
	warnings := helmWarnings(command)
	if err != nil {
		return nil, err
	}
	return &Output{Kind: Kustomize, Streams: []Stream{*s}, Warnings: warnings}, nil
}

// build runs kustomize, and finds out where objects came from. What comes out
// is that of a run that notes no origins, since noting them could change it
// and takes half as long again.
func (a *app) build(ctx context.Context) (*Stream, error) {
	if len(a.src.OriginsOf) == 0 {
		return a.buildNoting(ctx)
	}
	b, err := a.run(ctx, false)
	if err != nil {
		return nil, err
	}
	noted := b.fs.inject.done || b.fs.inject.user
	objs := a.origins(b.m)
	s, err := a.stream(b)
	if err != nil || noted || len(objs) == 0 {
		return s, err
	}
	if paths, ok := b.fs.find(objs); ok {
		for i, p := range paths {
			objs[i].Path = a.tree.show(p)
		}
		s.Origins = objs
		return s, nil
	}
	b = nil // its memory
	if noted, err := a.run(ctx, true); err == nil {
		s.takeOrigins(a.stream(noted))
	}
	return s, nil
}

// takeOrigins takes them of a run that noted them, as far as it agrees.
func (s *Stream) takeOrigins(noted *Stream, err error) {
	if err == nil && bytes.Equal(s.Data, noted.Data) {
		s.Origins = noted.Origins
	}
}

// buildNoting runs kustomize so that it notes origins. Where noting them could
// change what comes out, what counts is a run without; the noting run is
// then good for origins only.
func (a *app) buildNoting(ctx context.Context) (*Stream, error) {
	noted, err := a.run(ctx, true)
	in := noted.fs.inject
	if err == nil && (!in.done || in.safe || !noted.fs.guard.touchesAnnotations) {
		return a.stream(noted)
	}
	if err != nil && (!in.done || noted.fs.err != nil) {
		return nil, err
	}
	plain, perr := a.run(ctx, false)
	if perr != nil {
		return nil, perr
	}
	s, perr := a.stream(plain)
	if perr == nil && err == nil {
		s.takeOrigins(a.stream(noted))
	}
	return s, perr
}

// built is what one run of kustomize gave.
type built struct {
	m  resmap.ResMap
	fs *kustFS
}

func (a *app) run(ctx context.Context, note bool) (*built, error) {
	k := a.newKustFS(ctx, note)
	defer k.close()
	opt, err := a.buildOptions()
	if err != nil {
		return &built{fs: k}, err
	}
	k.helm = opt.PluginConfig.HelmConfig.Enabled
	m, err := runKustomizer(krusty.MakeKustomizer(opt), k, k.out(a.dir))
	if k.guard.openapi && !a.shared {
		// A custom schema would stay for the next build of this process.
		resetSchema()
	}
	if k.err != nil {
		// The cause: kustomize goes on to other guesses when a read fails, and
		// reports those.
		return &built{fs: k}, k.err
	}
	if err != nil {
		return &built{fs: k}, k.explain(err)
	}
	if err := a.nameVersion(m); err != nil {
		return &built{fs: k}, fmt.Errorf("kustomize %s: %w", a.name, err)
	}
	return &built{m: m, fs: k}, nil
}

// nameVersion puts Argo CD's kustomize into the label that names kustomize's
// version: the library puts our version there.
func (a *app) nameVersion(m resmap.ResMap) error {
	ours := "kustomize-" + provenance.GetProvenance().Semver()
	for _, r := range m.Resources() {
		if r.GetLabels(konfig.ManagedbyLabelKey)[konfig.ManagedbyLabelKey] != ours {
			continue
		}
		label := "kustomize-" + cmp.Or(a.src.Kustomize.Version, "v5.8.1")
		if err := r.PipeE(yaml.SetLabel(konfig.ManagedbyLabelKey, label)); err != nil {
			return err
		}
	}
	return nil
}

// runKustomizer makes an error of a panic, as kustomize has for two objects
// that a patch gave the same name.
func runKustomizer(kust *krusty.Kustomizer, fs filesys.FileSystem, dir string) (m resmap.ResMap, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, fmt.Errorf("%v", p)
		}
	}()
	return kust.Run(fs, dir)
}

// stream prints a build and takes the origins out of it.
func (a *app) stream(b *built) (*Stream, error) {
	s := &Stream{Name: a.name}
	if in := b.fs.inject; in.done || in.user {
		s.Origins = a.origins(b.m)
	}
	if b.fs.inject.done {
		if err := b.m.RemoveOriginAnnotations(); err != nil {
			return nil, fmt.Errorf("kustomize %s: %w", a.name, err)
		}
	}
	data, err := printYAML(b.m)
	if err != nil {
		return nil, fmt.Errorf("kustomize %s: %w", a.name, err)
	}
	s.Data = data
	return s, nil
}

// printYAML is m.AsYaml, which takes nearly half of a build, on all cores.
func printYAML(m resmap.ResMap) ([]byte, error) {
	res := m.Resources()
	docs, errs := make([][]byte, len(res)), make([]error, len(res))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(res)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(res); i = int(next.Add(1)) - 1 {
				docs[i], errs[i] = printResource(res[i])
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return bytes.Join(docs, []byte("---\n")), nil
}

// printResource makes an error of a panic: this goroutine has nobody above.
func printResource(r *resource.Resource) (data []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			data, err = nil, fmt.Errorf("print %s: %v", r.CurId(), p)
		}
	}()
	return r.AsYAML()
}

// origins gives those that are wanted, with the paths that kustomize noted.
func (a *app) origins(m resmap.ResMap) []Origin {
	var out []Origin
	for _, r := range m.Resources() {
		gvk := r.GetGvk()
		if len(a.src.OriginsOf) > 0 && !slices.Contains(a.src.OriginsOf, gvk.Group) {
			continue
		}
		o := Origin{APIVersion: gvk.ApiVersion(), Kind: gvk.Kind, Namespace: r.GetNamespace(), Name: r.GetName()}
		if from, err := r.GetOrigin(); err == nil && from != nil {
			p := from.Path
			// A transformer is noted where a patch took away the note.
			if p == "" && !strings.HasSuffix(from.ConfiguredBy.Kind, "Transformer") {
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
