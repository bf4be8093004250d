package fleet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// The caps: a repository is anybody's.
const (
	maxFiles = 500_000
	maxFile  = 16 << 20
)

// tree is what a checkout holds.
type tree struct {
	root   string
	files  []*file // by name
	byName map[string]*file
	dirs   map[string]bool
	// kustomizations and charts are by directory.
	kustomizations map[string]*kustomization
	charts         map[string]*chart
	// users are the directories of kustomizations and charts that use a file or
	// a directory.
	users map[string][]string
	makes map[string]bool // memory of makesApps
	// closed are directories that can't be listed, with the reason.
	closed map[string]string
}

// interesting reports whether a file may say something.
func interesting(name string) bool {
	switch path.Ext(name) {
	case ".yaml", ".yml", ".json", ".jsonnet":
		return true
	}
	return path.Base(name) == "Kustomization"
}

// readTree lists a checkout and reads its files side by side, each once.
// Directories that are hidden are left out unless somebody asks for them.
func readTree(ctx context.Context, root string, asked, exclude []string) (*tree, error) {
	t := &tree{root: root, byName: map[string]*file{}, dirs: map[string]bool{}, kustomizations: map[string]*kustomization{}, charts: map[string]*chart{}, users: map[string][]string{}, makes: map[string]bool{}, closed: map[string]string{}}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(root, p)
		name := filepath.ToSlash(rel)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && name != "." && d != nil && d.IsDir():
			t.closed[name] = reasonOf(err)
			return fs.SkipDir
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case name == ".":
			t.dirs[name] = true
			return nil
		case d.IsDir() && slices.Contains(exclude, name):
			return fs.SkipDir
		case d.IsDir() && hidden(d.Name()) && !slices.ContainsFunc(asked, func(s string) bool { return below(s, name) && d.Name() != ".git" }):
			return fs.SkipDir
		case d.IsDir():
			t.dirs[name] = true
			return nil
		case !d.Type().IsRegular() || !interesting(name):
			return nil
		case len(t.files) == maxFiles:
			return fmt.Errorf("more than %d files", maxFiles)
		}
		f := &file{name: name}
		t.files, t.byName[name] = append(t.files, f), f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for applications in %s: %w", root, err)
	}
	slices.SortFunc(t.files, func(a, b *file) int { return strings.Compare(a.name, b.name) })
	if err := t.readAll(ctx); err != nil {
		return nil, err
	}
	t.uses()
	return t, nil
}

// hidden: what people keep beside the manifests.
func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "node_modules" }

func (t *tree) readAll(ctx context.Context) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range min(2*runtime.GOMAXPROCS(0), max(1, len(t.files))) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(t.files) {
					return
				}
				f := t.files[i]
				if f.data, f.err = read(filepath.Join(t.root, filepath.FromSlash(f.name))); f.err != nil {
					continue
				}
				k, c := parseKustomization(f), parseChart(f)
				f.scan()
				if k == nil && c == nil {
					continue
				}
				mu.Lock()
				if k != nil {
					t.kustomizations[path.Dir(f.name)] = k
				} else {
					t.charts[path.Dir(f.name)] = c
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if info, err := f.Stat(); err == nil {
		b.Grow(int(min(info.Size(), maxFile)) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(io.LimitReader(f, maxFile+1)); err != nil {
		return nil, err
	}
	if b.Len() > maxFile {
		return nil, fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	return b.Bytes(), nil
}

// inChart reports whether a file or directory is in one of a chart's own
// folders: only a render shows what it is.
func (t *tree) inChart(name string) bool { return t.chartOf(name) != "" }

// chartOf is the directory of the chart, or "".
func (t *tree) chartOf(name string) string {
	for up := name; up != "."; up = path.Dir(up) {
		switch path.Base(up) {
		case "templates", "charts", "crds", "files":
			if t.charts[path.Dir(up)] != nil {
				return path.Dir(up)
			}
		}
	}
	return ""
}

// makesApps reports whether what a directory renders to seems to hold
// Applications.
func (t *tree) makesApps(dir string) bool {
	if known, ok := t.makes[dir]; ok {
		return known
	}
	t.makes[dir] = false // a circle makes none
	found := false
	if k := t.kustomizations[dir]; k != nil {
		for _, u := range k.uses {
			f := t.byName[u]
			found = found || f != nil && f.hasApps() || t.dirs[u] && t.makesApps(u)
		}
	} else {
		i, _ := slices.BinarySearchFunc(t.files, dir+"/", func(f *file, s string) int { return strings.Compare(f.name, s) })
		if dir == "." {
			i = 0
		}
		for ; i < len(t.files) && !found && below(t.files[i].name, dir); i++ {
			f := t.files[i]
			found = f.hasApps() && (path.Dir(f.name) == dir || t.chartOf(f.name) == dir)
		}
	}
	t.makes[dir] = found
	return found
}

func (f *file) hasApps() bool {
	for _, h := range f.heads {
		if (h.kind == "Application" || h.kind == "ApplicationSet") && strings.HasPrefix(h.apiVersion, "argoproj.io/") {
			return true
		}
	}
	return false
}
