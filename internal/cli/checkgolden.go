package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// goldens are the stored outputs of apps, a file each.
type goldens struct {
	dir    string
	rel    string // below the repository's root, with "/"; empty: outside
	update bool

	mu      sync.Mutex
	known   map[string]bool // files of apps
	written int
}

func openGoldens(root, dir string, update bool) (*goldens, error) {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && update:
	case errors.Is(err, fs.ErrNotExist):
		return nil, &hintError{fmt.Errorf("check: --golden %s: no such directory", dir), "write it first: kesbridge check --golden " + dir + " --update"}
	case err != nil:
		return nil, fmt.Errorf("check: --golden: %w", err)
	case !info.IsDir():
		return nil, &hintError{fmt.Errorf("check: --golden %s: not a directory", dir), "give a directory of its own for the stored output"}
	}
	g := &goldens{dir: dir, update: update, known: map[string]bool{}}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("check: --golden: %w", err)
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(real, filepath.Base(abs))
	}
	if rel, err := filepath.Rel(root, abs); err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
		g.rel = filepath.ToSlash(rel)
	}
	if g.rel == "." {
		return nil, &hintError{fmt.Errorf("check: --golden %s: that is the repository itself", dir), "give a directory of its own for the stored output"}
	}
	return g, nil
}

// below are directories that hold no apps.
func (g *goldens) below() []string {
	if g == nil || g.rel == "" {
		return nil
	}
	return []string{g.rel}
}

// name is an app's file. No two apps have one.
func (g *goldens) name(id string) string {
	var b strings.Builder
	for _, c := range []byte(id) {
		switch {
		case c == '/' || c == '-' || c == '_' || c == '.' || c == '@' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	parts := strings.Split(b.String(), "/")
	for i, p := range parts {
		if strings.Trim(p, ".") == "" {
			parts[i] = strings.ReplaceAll(p, ".", "%2E") + "%"
		}
	}
	return strings.Join(parts, "/") + ".yaml"
}

// keep says that an app's file belongs to it, though there is no output now.
func (g *goldens) keep(id string) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known[g.name(id)] = true
}

// compare holds an app's output against its file, or writes it.
func (g *goldens) compare(id string, output []byte) ([]manifest.Finding, error) {
	name := g.name(id)
	g.keep(id)
	file := filepath.Join(g.dir, filepath.FromSlash(name))
	stored, err := os.ReadFile(file)
	missing := errors.Is(err, fs.ErrNotExist)
	switch {
	case err != nil && !missing:
		return nil, fmt.Errorf("read stored output: %w", err)
	case !missing && bytes.Equal(stored, output):
		return nil, nil
	case g.update:
		g.mu.Lock()
		g.written++
		g.mu.Unlock()
		return nil, writeWhole(file, output)
	case missing:
		return []manifest.Finding{rule.GoldenDiffers.At(manifest.Pos{File: g.shown(name)}, manifest.Ref{}, "%s: there is no stored output of it", id)}, nil
	}
	line := differingLine(stored, output)
	return []manifest.Finding{rule.GoldenDiffers.At(manifest.Pos{File: g.shown(name), Line: line}, manifest.Ref{}, "%s: the output isn't what is stored, from this line on", id)}, nil
}

func (g *goldens) shown(name string) string {
	if g.rel != "" {
		return g.rel + "/" + name
	}
	return filepath.ToSlash(g.dir) + "/" + name
}

// stale finds the files of apps that are gone, and with update takes them
// away.
func (g *goldens) stale() ([]manifest.Finding, error) {
	var out []manifest.Finding
	err := filepath.WalkDir(g.dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && p == g.dir:
			return nil // nothing to store
		case err != nil:
			return err
		case !d.Type().IsRegular() || filepath.Ext(p) != ".yaml":
			return nil
		}
		rel, err := filepath.Rel(g.dir, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case g.known[name]:
		case g.update:
			return os.Remove(p)
		default:
			out = append(out, rule.GoldenDiffers.At(manifest.Pos{File: g.shown(name)}, manifest.Ref{}, "the stored output of an app that isn't there any more"))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read stored output: %w", err)
	}
	slices.SortFunc(out, func(a, b manifest.Finding) int { return strings.Compare(a.Pos.File, b.Pos.File) })
	return out, nil
}

// finishGoldens says which files belong to no app. Only a run over all apps
// knows.
func (c *checking) finishGoldens() error {
	if c.golden == nil || !c.whole || c.o.cluster != "" || c.since != nil {
		return nil
	}
	found, err := c.golden.stale()
	c.findings = append(c.findings, found...)
	return err
}

// writeWhole writes a file so that nobody sees half of it.
func writeWhole(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	f, err := os.CreateTemp(filepath.Dir(file), ".kesbridge-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	defer os.Remove(f.Name()) // where it wasn't renamed
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", file, err)
	}
	return nil
}
