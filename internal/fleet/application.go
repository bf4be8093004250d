package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
)

// maxDepth and maxApps end apps of apps that make ever new ones.
const (
	maxDepth = 10
	maxApps  = 50_000
)

// Rendered gives the applications that stand in rendered output: those of apps
// of apps. from is what was rendered, name is for positions. One that is known
// already, with the same name and spec, isn't given again. AppProjects are
// taken note of.
//
// Several may call at once, but the same order gives the same result only if
// the calls come in the same order.
func (f *Fleet) Rendered(name string, data []byte, from Candidate) ([]Candidate, []Skip) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := &file{name: name, data: data}
	if t.scan(); !t.argo {
		return nil, nil
	}
	var out []Candidate
	var skips []Skip
	note := func(s Skip) {
		s.Pos = from.From
		skips = append(skips, s)
	}
	for _, doc := range t.documents() {
		f.policy(name, doc, from.From)
		if f.listed {
			continue
		}
		apps, broken := f.parse(name, doc)
		for _, s := range broken {
			note(s)
		}
		for i := range apps {
			app := &apps[i]
			app.Pos = from.From
			c, ok := f.accept(app, from.From, from.depth+1, note)
			switch {
			case !ok:
			case c.depth > maxDepth || len(f.apps) > maxApps:
				note(Skip{Ref: refOf(app), App: app, Reason: fmt.Sprintf("it was found through %d apps of apps, one in the other: they seem to make ever new ones", c.depth)})
			default:
				out = append(out, c)
			}
		}
	}
	return out, sortSkips(skips)
}

// document is one of a stream, behind as many line breaks as are before it, so
// that lines count from the file's first.
type document []byte

// parse reads the Applications of one document, and says what is wrong.
func (f *Fleet) parse(name string, doc document) ([]argocd.Application, []Skip) {
	if !mentions(doc, "Application") {
		return nil, nil
	}
	apps, err := argocd.Parse(name, doc, f.checkout, f.options.Argo)
	none := (*argocd.NoneError)(nil)
	if err == nil || errors.As(err, &none) {
		return apps, nil
	}
	var skips []Skip
	for _, err := range flatten(err) {
		skips = append(skips, f.broken(name, doc, err))
	}
	return nil, skips
}

func flatten(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		return j.Unwrap()
	}
	return []error{err}
}

// broken says why an Application can't be read. A placeholder explains more
// than what comes of it.
func (f *Fleet) broken(name string, doc document, err error) Skip {
	s := Skip{Pos: manifest.Pos{File: name}, Ref: manifest.Ref{Group: argocd.Group}, Reason: err.Error()}
	var syntax *manifest.SyntaxError
	var one *argocd.Error
	switch {
	case errors.As(err, &syntax):
		s.Pos, s.Reason = syntax.Pos, "it is no YAML: "+syntax.Msg
	case errors.As(err, &one):
		s.Pos, s.Reason = one.Pos, one.Err.Error()
		if one.Fix != "" {
			s.Reason += "; " + one.Fix
		}
	}
	if h := firstHead(doc); h != nil {
		s.Ref.Kind, s.Ref.Name, s.Ref.Namespace = h.kind, h.name, h.namespace
		if s.Pos.Line == 0 {
			s.Pos.Line = h.line
		}
	}
	if one != nil && one.Object != "" {
		parts := strings.Split(one.Object, "/")
		s.Ref.Kind, s.Ref.Name = parts[0], parts[len(parts)-1]
	}
	if p := token.Find(uncommented(doc)); p != nil && s.Ref.Kind != "ApplicationSet" {
		s.Reason = fmt.Sprintf("it has the placeholder %s, which another tool fills in later", p)
	}
	return s
}

func refOf(app *argocd.Application) manifest.Ref {
	return manifest.Ref{Group: argocd.Group, Version: "v1alpha1", Kind: "Application", Namespace: app.Metadata.Namespace, Name: app.Metadata.Name}
}

// accept makes a candidate of an Application: false if it is known already,
// nothing of it is here, or nobody asks for it.
func (f *Fleet) accept(app *argocd.Application, from manifest.Pos, depth int, note func(Skip)) (Candidate, bool) {
	key := f.key(app)
	if f.seen[key] {
		return Candidate{}, false
	}
	f.seen[key] = true
	f.apps = append(f.apps, *app)
	why := func(reason string) { note(Skip{Pos: from, Ref: refOf(app), Reason: reason, App: app}) }
	if p := hole(app); p != "" {
		why(fmt.Sprintf("it has the placeholder %s, which another tool fills in later", p))
		return Candidate{}, false
	}
	here := f.here(app, why)
	if here == nil {
		return Candidate{}, false
	}
	c := Candidate{App: here, From: from, depth: depth}
	wanted := f.inScope(from.File)
	for _, dir := range f.dirsOf(c) {
		wanted = wanted || f.inScope(dir)
		for _, s := range f.scope {
			wanted = wanted || below(s, dir)
		}
	}
	return c, wanted
}

// key tells Applications apart. Two with one name and another spec are two:
// each Argo CD has its own.
func (f *Fleet) key(app *argocd.Application) string {
	spec, err := json.Marshal(app.Spec)
	if err != nil {
		spec = []byte(err.Error())
	}
	return app.InstanceName(f.options.Argo.ControllerNamespace) + "\x00" + string(spec)
}

// here leaves the sources that can be rendered from this checkout, and notes
// their directories; nil if there are none.
func (f *Fleet) here(app *argocd.Application, why func(string)) *argocd.Application {
	var kept []argocd.ApplicationSource
	some := false
	for _, s := range app.Sources() {
		if app.MultiSource() && s.Path == "" && s.Chart == "" && s.Ref != "" {
			kept = append(kept, s)
			continue
		}
		reason := f.elsewhere(app, s)
		if reason == "" || s.Plugin != nil && f.ours(app, s) {
			f.renderedBy(s)
		}
		if reason != "" {
			why(reason)
			continue
		}
		kept, some = append(kept, s), true
	}
	if len(app.Sources()) == 0 {
		return app // what is wrong with it is said where it is rendered
	}
	if !some {
		return nil
	}
	if !app.MultiSource() || len(kept) == len(app.Spec.Sources) {
		return app
	}
	out := *app
	out.Spec.Sources = kept
	return &out
}

// elsewhere says why a source can't be rendered here, or "".
func (f *Fleet) elsewhere(app *argocd.Application, s argocd.ApplicationSource) string {
	if s.Plugin != nil && !argocd.IsPlugin(s.Plugin) {
		return (&argocd.PluginError{Name: s.Plugin.Name}).Error() + ", which isn't kesbridge's"
	}
	one := *app
	if app.MultiSource() {
		one.Spec.Sources = []argocd.ApplicationSource{s}
		for _, o := range app.Spec.Sources {
			if o.Ref != "" && (o.Path != s.Path || o.RepoURL != s.RepoURL || o.Ref != s.Ref) {
				o.Path, o.Chart = "", ""
				one.Spec.Sources = append(one.Spec.Sources, o)
			}
		}
	}
	_, err := f.checkout.Requests(&one, f.options.Argo)
	var chart *argocd.ChartError
	var repo *argocd.RepoError
	switch {
	case errors.As(err, &chart):
		return chart.Error()
	case errors.As(err, &repo):
		return repo.Error()
	case err != nil && len(f.checkout.URLs) == 0 && s.Chart == "" && f.missing(s.Path):
		return fmt.Sprintf("there is no directory %s here, and without a remote nobody can say whether %s is this repository", s.Path, s.RepoURL)
	}
	return "" // any other error is said where it is rendered
}

// ours reports whether a source with a plugin is this repository's: then the
// plugin renders the directory, whatever it makes of it.
func (f *Fleet) ours(app *argocd.Application, s argocd.ApplicationSource) bool {
	one := *app
	s.Plugin = nil
	one.Spec.Source, one.Spec.Sources = &s, nil
	var repo *argocd.RepoError
	_, err := f.checkout.Requests(&one, f.options.Argo)
	return !errors.As(err, &repo)
}

func (f *Fleet) missing(dir string) bool {
	_, err := os.Lstat(filepath.Join(f.checkout.Root, filepath.FromSlash(path.Clean("/"+dir))))
	return errors.Is(err, fs.ErrNotExist)
}

func (f *Fleet) renderedBy(s argocd.ApplicationSource) {
	if s.Path == "" {
		return
	}
	dir := path.Clean(s.Path)
	f.rendered[dir] = true
	if s.Directory != nil && s.Directory.Recurse {
		f.recurse[dir] = true
	}
}
