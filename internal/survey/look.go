package survey

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/convert"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

// The caps: a repository is anybody's.
const (
	maxFiles = 100_000
	maxFile  = 2 << 20
)

// Place is where something was found, and what.
type Place struct {
	File string
	Line int
	What string
}

func (p Place) String() string { return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.What) }

// Need is a store that KES resources need.
type Need struct {
	store.Need
	Count int
	// Namespaces counts the resources of each; "" is "the manifest has none".
	Namespaces map[string]int
	First      Place
}

// Version is evidence of the ESO version.
type Version struct {
	Version string // X.Y, or "" for a range and for CRDs
	// Served are the versions that a CRD of ExternalSecret serves.
	Served []string
	// Clusters are those that an Application brings it to, by Cluster.key.
	Clusters []string
	Place    Place
}

// Cluster is a destination of Applications.
type Cluster struct {
	Name, Server string
	Place        Place
}

// Report is what was found.
type Report struct {
	// Files were looked at; Templated are chart templates with KES resources,
	// which only a render can tell.
	Files, KES, Templated int
	Needs                 []Need
	Stores                []Store
	Versions              []Version
	Clusters              []Cluster
	// Open are destinations that only the running Argo CD knows.
	Open []Place
	// Settings are all of KES's, Env those of them that are known: the same
	// wherever they are set.
	Settings []Setting
	Env      map[string]string
	// Secrets are variables with a secret in plain text, or from a Secret:
	// named, never copied.
	Secrets []Place
	Apps    int
	// Found are the KES that the repository installs, where somebody looked for
	// them (Reader.Find).
	Found []Found
	// Unread are files that can't be read, with the reason.
	Unread []string
	// Full: there were more files than are looked at.
	Full bool

	sources []source
	// values are files that an Application gives to KES's chart.
	values []string
}

// Look reads the manifests below a directory. Links aren't followed.
func Look(ctx context.Context, dir string) (*Report, error) {
	r := &Report{}
	needs := map[store.Need]int{}
	err := r.walk(ctx, dir, func(name string, data []byte) { r.file(ctx, dir, name, data, needs) })
	if err != nil {
		return nil, fmt.Errorf("look through %s: %w", dir, err)
	}
	r.valueFiles(dir)
	r.settle()
	r.sort()
	return r, nil
}

// walk shows the manifests below a directory. Links aren't followed.
func (r *Report) walk(ctx context.Context, dir string, show func(name string, data []byte)) error {
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name, relErr := filepath.Rel(dir, p)
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			if p == dir {
				return err
			}
			r.unread(name, err)
			return nil
		case relErr != nil:
			return relErr
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		switch path.Ext(name) {
		case ".yaml", ".yml", ".json":
		default:
			return nil
		}
		if r.Files == maxFiles {
			r.Full = true
			return fs.SkipAll
		}
		r.Files++
		data, err := read(p)
		if err != nil {
			r.unread(name, err)
			return nil
		}
		show(name, data)
		return nil
	})
}

func (r *Report) unread(name string, err error) {
	msg := err.Error()
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		msg = pathErr.Err.Error()
	}
	r.Unread = append(r.Unread, name+": "+msg)
}

func read(p string) ([]byte, error) {
	f, err := os.Open(p)
	if err != nil {
		return nil, err
	}
	return readAll(f)
}

func readAll(f *os.File) ([]byte, error) {
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("larger than %d bytes", maxFile)
	}
	return data, err
}

var words = [][]byte{[]byte(kes.Group), []byte("external-secrets"), []byte("argoproj.io")}

func (r *Report) file(ctx context.Context, dir, name string, data []byte, needs map[store.Need]int) {
	keys := kesKeys(dir, name)
	interesting := len(keys) > 0
	for _, w := range words {
		interesting = interesting || bytes.Contains(data, w)
	}
	if !interesting {
		return
	}
	if bytes.Contains(data, []byte("{{")) && template(dir, name) {
		if bytes.Contains(data, []byte(kes.Group+"/"+kes.Version)) {
			r.Templated++
		}
		return
	}
	scanErr := r.resources(ctx, name, data, needs)
	docs, err := parse(data)
	if err = cmp.Or(err, scanErr); err != nil {
		r.unread(name, err)
		return
	}
	for _, doc := range docs {
		r.object(name, doc)
		for _, k := range keys {
			r.chartValues(name, doc, k)
		}
	}
}

// template reports whether a file is a chart's template.
func template(dir, name string) bool {
	for up := path.Dir(name); ; up = path.Dir(up) {
		if path.Base(up) == "templates" {
			if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(path.Dir(up)), "Chart.yaml")); err == nil {
				return true
			}
		}
		if up == "." || up == "/" {
			return false
		}
	}
}

// resources counts KES resources by the store that they need.
func (r *Report) resources(ctx context.Context, name string, data []byte, needs map[store.Need]int) error {
	t := manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		if !kes.IsKES(o.Ref) {
			return manifest.Result{}, nil
		}
		r.KES++
		es, _ := kes.Decode(o)
		need := convert.NeedOf(es).Normal()
		i, ok := needs[need]
		if !ok {
			i = len(r.Needs)
			needs[need] = i
			r.Needs = append(r.Needs, Need{Need: need, Namespaces: map[string]int{}, First: Place{name, o.Pos.Line, o.Ref.String()}})
		}
		r.Needs[i].Count++
		r.Needs[i].Namespaces[o.Ref.Namespace]++
		return manifest.Result{}, nil
	}}
	p, err := t.Plan(ctx, manifest.Input{Name: name, R: bytes.NewReader(data)})
	if err != nil {
		return err
	}
	return p.Close()
}

// unknownAnchor is the one error of the parser that holds text of the file.
var unknownAnchor = regexp.MustCompile(`(?s)unknown anchor '.*' referenced`)

// parse gives the documents of a file. The parser has met input before that
// it can't take.
func parse(data []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if rec := recover(); rec != nil {
			docs, err = nil, fmt.Errorf("the YAML parser gave up: %v", rec)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		n := new(yaml.Node)
		err := dec.Decode(n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, errors.New(unknownAnchor.ReplaceAllString(strings.TrimPrefix(err.Error(), "yaml: "), "unknown anchor"))
		}
		docs = append(docs, n.Content[0])
	}
}
