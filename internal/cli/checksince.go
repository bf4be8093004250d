package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"kesbridge/internal/config"
	"kesbridge/internal/git"
	"kesbridge/internal/input"
	"kesbridge/render"
)

// since knows what differs from a revision, and what each app reads. Nil: all
// apps are checked.
type since struct {
	rev     string
	root    string
	changed []string
	existed func(string) bool // at the revision
	record  *input.Record
	// salt is what every render depends on.
	salt string
}

func (a *app) openSince(ctx context.Context, root string, o options, f checkFlags) (*since, error) {
	if f.changedSince == "" {
		return nil, nil
	}
	repo, err := git.Open(ctx, root)
	if err != nil {
		return nil, fmt.Errorf("check: --changed-since: %w", err)
	}
	s := &since{rev: f.changedSince, root: root}
	if s.changed, err = repo.Changed(ctx, f.changedSince); err != nil {
		return nil, fmt.Errorf("check: --changed-since: %w", err)
	}
	if s.existed, err = repo.Existed(ctx, f.changedSince); err != nil {
		return nil, fmt.Errorf("check: --changed-since: %w", err)
	}
	path := f.inputs
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, &hintError{fmt.Errorf("check: --changed-since: %w", err), "say with --inputs FILE where to keep what the apps read"}
		}
		path = input.Path(cache, root)
	}
	s.record = input.Open(path)
	h := sha256.New()
	fmt.Fprintln(h, versionString())
	for _, p := range parameters() {
		fmt.Fprintln(h, p.name, o.given[p.name].text(), o.given[p.name].from)
	}
	for _, row := range adminSettings() {
		fmt.Fprintln(h, row.env, a.env[row.env])
	}
	if admin := a.env["KESBRIDGE_CONFIG"]; admin != "" {
		text, err := os.ReadFile(admin)
		if err != nil {
			return nil, fmt.Errorf("KESBRIDGE_CONFIG: %w", err)
		}
		h.Write(text)
	}
	s.salt = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// digest is what an app is rendered from, its files aside.
func (s *since) digest(j job, rs []rendering) string {
	if s == nil {
		return ""
	}
	h := sha256.New()
	fmt.Fprintln(h, s.salt, j.cluster)
	enc := json.NewEncoder(h)
	for _, r := range rs {
		src := r.source
		src.Dir, _ = filepath.Rel(s.root, src.Dir)
		src.Root = ""
		_ = enc.Encode(src) // plain data
		_ = enc.Encode(r.options.KES)
	}
	if j.candidate.App != nil {
		_ = enc.Encode(j.candidate.App.Spec)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// known reports that an app was rendered before, reads the same now, and none
// of it differs from the revision: it needs no render. One that holds other
// apps is never recorded: its output says which there are.
func (s *since) known(id, digest string, more []render.Inputs) bool {
	if s == nil {
		return false
	}
	set, ok := s.record.Known(id, digest, s.root)
	return ok && !s.touched(set) && !s.touched(input.New(s.root, more...))
}

func (s *since) touched(set input.Set) bool {
	_, touched := set.TouchesSince(s.changed, s.existed)
	return touched
}

// save keeps what was learned; the run is as good without.
func (s *since) save(a *app) error {
	if s == nil {
		return nil
	}
	if err := s.record.Save(); err != nil {
		fmt.Fprintf(a.err, "kesbridge: %v\n  the next run renders every app again; --inputs FILE says where to keep it\n", err)
	}
	return nil
}

// inGit are the files that the plugin reads beside the render: the
// kesbridge.yaml of each source, and KES's settings.
func (c *checking) inGit(rs []rendering) []render.Inputs {
	var out []render.Inputs
	for _, r := range rs {
		out = append(out, c.app.controllers.inputsIn(c.checkout.Root, r)...)
		names := c.configFiles(r.source.Dir)
		if len(names) == 0 {
			continue
		}
		last := names[len(names)-1]
		if _, err := os.Lstat(filepath.Join(c.checkout.Root, filepath.FromSlash(last))); err == nil {
			out = append(out, render.Inputs{Files: []string{last}})
		}
	}
	return out
}

// otherInputs are what an app depends on beside what its render reads: its
// Application and what made that, kesbridge.yaml and the settings of KES that
// it names, .argocd-source files.
func (c *checking) otherInputs(j job, rs []rendering) []render.Inputs {
	var out []render.Inputs
	add := func(names ...string) {
		names = slices.DeleteFunc(names, func(n string) bool { return n == "" })
		if len(names) == 0 {
			return
		}
		if in, err := render.InputsOf(c.checkout.Root, names...); err == nil {
			out = append(out, in)
		}
	}
	if app := j.candidate.App; app != nil {
		add(append([]string{j.candidate.From.File}, app.GeneratorFiles...)...)
		add(c.fleet.PolicyFiles(app.Project())...)
		if requests, err := c.checkout.Requests(app, c.argo); err == nil {
			for i := range requests {
				add(requests[i].SourceFiles()...)
			}
		}
	} else {
		add(path.Join(j.candidate.Dir, ".argocd-source.yaml"), path.Join(j.candidate.Dir, ".argocd-source-"+path.Base(j.candidate.Dir)+".yaml"))
	}
	for _, r := range rs {
		add(c.configFiles(r.source.Dir)...)
		out = append(out, c.app.controllers.inputsIn(c.checkout.Root, r)...)
	}
	if j.parent != nil {
		out = append(out, j.parent.inputs...)
	}
	return out
}

// configFiles are the places at which a directory's kesbridge.yaml is looked
// for, up to the one that is there.
func (c *checking) configFiles(dir string) []string {
	if c.o.config != "" {
		if rel, err := filepath.Rel(c.checkout.Root, absolute(c.o.config)); err == nil && filepath.IsLocal(rel) {
			return []string{filepath.ToSlash(rel)}
		}
		return nil
	}
	var out []string
	for {
		rel, err := filepath.Rel(c.checkout.Root, dir)
		if err != nil || !filepath.IsLocal(rel) {
			return out
		}
		name := path.Join(filepath.ToSlash(rel), config.FileName)
		out = append(out, name)
		if _, err := os.Lstat(filepath.Join(dir, config.FileName)); err == nil || rel == "." {
			return out
		}
		dir = filepath.Dir(dir)
	}
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
