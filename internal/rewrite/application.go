package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/argocd"
	"kesbridge/internal/manifest"
)

// Options say what Enable writes.
type Options struct {
	// Plugin is the plugin's name with its version, "kesbridge-v1".
	Plugin string
	// Mode is the parameter mode.
	Mode string
	// OrphanPrune adds PrunePropagationPolicy=orphan to syncOptions.
	OrphanPrune bool
	// SourceFiles tells of the .argocd-source files of an app's path that set
	// helm or kustomize: nil if nobody can look.
	SourceFiles func(path, app string) (file string, err error)
}

// Refusal says why an Application is left alone.
type Refusal struct {
	Pos    manifest.Pos
	Ref    manifest.Ref
	Reason string
	Fix    string
}

func (e *Refusal) Error() string {
	s := fmt.Sprintf("%s: %s: %s", e.Pos, e.Ref, e.Reason)
	if e.Fix != "" {
		s += "\n  " + e.Fix
	}
	return s
}

// Change is one Application that was changed.
type Change struct {
	Pos  manifest.Pos
	Ref  manifest.Ref
	Note string // what a person should know, or ""
}

// Enable puts kesbridge's plugin block in the place of the native block of
// every Application and ApplicationSet in a file. One that has it already
// stays as it is. The error joins a *Refusal for each that can't be changed.
func Enable(name string, data []byte, o Options) ([]byte, []Change, error) {
	return rewriteFile(name, data, func(a *application) (bool, error) { return a.enable(o) })
}

// Disable puts the native block back that the parameter source holds. The
// error joins a *Refusal for each Application with another parameter that has
// no place in a native block.
func Disable(name string, data []byte) ([]byte, []Change, error) {
	return rewriteFile(name, data, func(a *application) (bool, error) { return a.disable() })
}

// application is one in its file.
type application struct {
	file *file
	root *yaml.Node // the object
	spec *yaml.Node // of the Application, or of the template
	pos  manifest.Pos
	ref  manifest.Ref
	set  bool
	note string
}

func (a *application) refuse(n *yaml.Node, reason, fix string) error {
	pos := a.pos
	if n != nil {
		pos = a.file.pos(n)
	}
	return &Refusal{Pos: pos, Ref: a.ref, Reason: reason, Fix: fix}
}

func rewriteFile(name string, data []byte, change func(*application) (bool, error)) ([]byte, []Change, error) {
	f := &file{name: name, data: data}
	apps, err := f.applications()
	if err != nil {
		return nil, nil, err
	}
	var changes []Change
	var errs []error
	for _, a := range apps {
		changed, err := change(a)
		switch {
		case err != nil:
			errs = append(errs, err)
		case changed:
			changes = append(changes, Change{a.pos, a.ref, a.note})
		}
	}
	if len(errs) > 0 {
		return nil, nil, errors.Join(errs...)
	}
	if len(apps) == 0 {
		return nil, nil, &argocd.NoneError{File: name}
	}
	out := f.result()
	if err := f.verify(out); err != nil {
		return nil, nil, err
	}
	return out, changes, nil
}

// applications finds them, in Lists too.
func (f *file) applications() ([]*application, error) {
	f.lines = bytes.SplitAfter(f.data, []byte("\n"))
	dec := yaml.NewDecoder(bytes.NewReader(f.data))
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.name, err)
		}
		f.docs = append(f.docs, &doc)
	}
	var out []*application
	for _, doc := range f.docs {
		out = append(out, f.in(doc.Content[0])...)
	}
	return out, nil
}

func (f *file) in(n *yaml.Node) []*application {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	if items := child(n, "items"); items != nil && items.Kind == yaml.SequenceNode {
		var out []*application
		for _, it := range items.Content {
			out = append(out, f.in(it)...)
		}
		return out
	}
	version, kind := text(child(n, "apiVersion")), text(child(n, "kind"))
	if !strings.HasPrefix(version, argocd.Group+"/") || kind != "Application" && kind != "ApplicationSet" {
		return nil
	}
	meta := child(n, "metadata")
	a := &application{file: f, root: n, spec: child(n, "spec"), set: kind == "ApplicationSet", pos: f.pos(n),
		ref: manifest.Ref{Group: argocd.Group, Kind: kind, Namespace: text(child(meta, "namespace")), Name: text(child(meta, "name"))}}
	if a.set {
		a.spec = child(child(a.spec, "template"), "spec")
	}
	return []*application{a}
}

// source finds the one source, or says why no plugin can have it.
func (a *application) source() (*yaml.Node, error) {
	if a.spec == nil || a.spec.Kind != yaml.MappingNode {
		return nil, a.refuse(nil, "it has no spec that is written out", "")
	}
	if h := child(a.spec, "sourceHydrator"); h != nil {
		return nil, a.refuse(h, "the source hydrator renders it, and a plugin can't be in its sync source", "leave it native, or take sourceHydrator out first")
	}
	if a.set && child(child(a.root, "spec"), "templatePatch") != nil && strings.Contains(text(child(child(a.root, "spec"), "templatePatch")), "source") {
		return nil, a.refuse(child(child(a.root, "spec"), "templatePatch"), "its templatePatch changes the source", "put what the patch does into the template first")
	}
	for _, notes := range []*yaml.Node{child(child(a.root, "metadata"), "annotations"), child(child(child(child(a.root, "spec"), "template"), "metadata"), "annotations")} {
		if notes == nil || notes.Kind != yaml.MappingNode {
			continue
		}
		for i := 0; i+1 < len(notes.Content); i += 2 {
			if strings.HasPrefix(notes.Content[i].Value, "argocd-image-updater.argoproj.io/") {
				return nil, a.refuse(notes.Content[i], "Image Updater writes into the native block, which would then be there beside the plugin block", "take its annotations out first, or have it write to Git")
			}
		}
	}
	sources := child(a.spec, "sources")
	if sources == nil {
		s := child(a.spec, "source")
		if s == nil {
			return nil, a.refuse(nil, "it has no source", "")
		}
		return s, nil
	}
	if sources.Kind != yaml.SequenceNode {
		return nil, a.refuse(sources, "its sources aren't a list that is written out", "")
	}
	for _, s := range sources.Content {
		if ref := child(s, "ref"); ref != nil {
			return nil, a.refuse(ref, "it has value files of another source ($"+text(ref)+"), and no plugin gets other sources", "put the value files into the app's own repository, or keep it native and change its KES manifests in Git (kesbridge convert)")
		}
	}
	if len(sources.Content) != 1 {
		return nil, a.refuse(sources, fmt.Sprintf("it has %d sources; which of them is for the plugin, only you know", len(sources.Content)), "write the plugin block by hand (docs/argocd.md)")
	}
	return sources.Content[0], nil
}

var tools = []string{"helm", "kustomize", "directory"}

func (a *application) enable(o Options) (bool, error) {
	source, err := a.source()
	if err != nil {
		return false, err
	}
	if p := child(source, "plugin"); p != nil {
		if text(child(p, "name")) == o.Plugin {
			return false, nil
		}
		name := text(child(p, "name"))
		if argocd.IsPlugin(&argocd.ApplicationSourcePlugin{Name: name}) {
			return false, a.refuse(p, "it has kesbridge's plugin in another version, "+name, "change plugin.name to "+o.Plugin+" by hand, and hard-refresh the app")
		}
		return false, a.refuse(p, fmt.Sprintf("another plugin renders it (%q)", name), "leave it there; a source has one plugin")
	}
	if chart := child(source, "chart"); chart != nil {
		a.note = "the chart comes from a Helm repository; the plugin gets it unpacked"
	}
	if o.SourceFiles != nil && !a.set {
		file, err := o.SourceFiles(text(child(source, "path")), a.ref.Name)
		if err != nil {
			return false, err
		}
		if file != "" {
			return false, a.refuse(source, file+" sets helm or kustomize, which would then be there beside the plugin block", "move its options into the Application first")
		}
	}
	if source.Style&yaml.FlowStyle != 0 || len(source.Content) == 0 || source.Kind != yaml.MappingNode {
		return false, a.refuse(source, "its source is written in one line ({...})", "write the source in block style first")
	}
	indent := source.Content[0].Column - 1
	var block []string
	at, end := a.file.endOf(source, indent), 0
	end = at
	for i := 0; i+1 < len(source.Content); i += 2 {
		key := source.Content[i]
		if !slices.Contains(tools, key.Value) {
			continue
		}
		if block != nil {
			return false, a.refuse(key, "its source has the options of two tools", "Argo CD refuses it, too: take one of them out")
		}
		v := source.Content[i+1]
		if v.Kind == yaml.AliasNode || v.Anchor != "" {
			return false, a.refuse(v, "its options are shared through an alias or an anchor", "write them out first")
		}
		at = key.Line - 1
		end = a.file.blockEnd(at, indent)
		if block, err = a.file.cut(at, end, indent); err != nil {
			return false, a.refuse(key, err.Error(), "indent it like the block first")
		}
	}
	a.file.replace(at, end, a.file.pluginBlock(o, indent, block))
	if a.set && slices.ContainsFunc(block, func(l string) bool { return strings.Contains(l, "{{") }) {
		a.note = "what its generators give is put into the text of the block: values with quotes or line breaks need | quote or toJson there"
	}
	if o.OrphanPrune {
		return true, a.orphanPrune()
	}
	return true, nil
}

func (a *application) disable() (bool, error) {
	source, err := a.source()
	if err != nil {
		return false, err
	}
	p := child(source, "plugin")
	if p == nil || !argocd.IsPlugin(&argocd.ApplicationSourcePlugin{Name: text(child(p, "name"))}) {
		return false, nil
	}
	key := source.Content[slices.Index(source.Content, p)-1]
	if source.Style&yaml.FlowStyle != 0 || p.Style&yaml.FlowStyle != 0 || p.Kind != yaml.MappingNode {
		return false, a.refuse(p, "its plugin block is written in one line ({...})", "write it in block style first")
	}
	indent := key.Column - 1
	var block []string
	if params := child(p, "parameters"); params != nil {
		for _, param := range params.Content {
			switch name := text(child(param, "name")); name {
			case "mode", "cluster", "config", "eso-version", "store", "store-kind", "fidelity", "final", "on-unsupported", "fail-on", "allow-empty":
			case "source":
				block = a.file.scalarLines(child(param, "string"))
			default:
				return false, a.refuse(param, "the parameter "+name+" has no place in a native block by itself", "move it into the parameter source first")
			}
		}
	}
	at := key.Line - 1
	end := a.file.blockEnd(at, indent)
	var lines []string
	for _, l := range block {
		if strings.TrimRight(l, "\r\n") != "" {
			l = strings.Repeat(" ", indent) + l
		}
		lines = append(lines, l)
	}
	a.file.replace(at, end, lines)
	return true, nil
}

// orphanPrune adds the option that keeps what the pruned object owns.
func (a *application) orphanPrune() error {
	const option = "PrunePropagationPolicy"
	policy := child(a.spec, "syncPolicy")
	options := child(policy, "syncOptions")
	item := option + "=orphan"
	switch {
	case options != nil && options.Kind == yaml.SequenceNode && options.Style&yaml.FlowStyle == 0 && len(options.Content) > 0:
		for _, n := range options.Content {
			if v := text(n); strings.HasPrefix(v, option+"=") && v != item {
				return a.refuse(n, "its syncOptions say "+v, "change it to "+item+" first")
			} else if v == item {
				return nil
			}
		}
		last := options.Content[len(options.Content)-1]
		a.file.replace(last.Line, last.Line, []string{strings.Repeat(" ", options.Column-1) + "- " + item + a.file.eol()})
	case options != nil:
		return a.refuse(options, "its syncOptions aren't a list with a line for each", "write them so first, or add "+item+" by hand")
	case policy != nil && policy.Kind == yaml.MappingNode && policy.Style&yaml.FlowStyle == 0 && len(policy.Content) > 0:
		pad := strings.Repeat(" ", policy.Content[0].Column-1)
		at := policy.Content[0].Line - 1
		a.file.replace(at, at, []string{pad + "syncOptions:" + a.file.eol(), pad + "  - " + item + a.file.eol()})
	case policy != nil:
		return a.refuse(policy, "its syncPolicy is written in one line", "write it in block style first, or add "+item+" by hand")
	default:
		pad := strings.Repeat(" ", a.spec.Content[0].Column-1)
		at := a.spec.Content[0].Line - 1
		a.file.replace(at, at, []string{pad + "syncPolicy:" + a.file.eol(), pad + "  syncOptions:" + a.file.eol(), pad + "    - " + item + a.file.eol()})
	}
	return nil
}

// verify reads the result back: apart from the blocks and the one option,
// every object means what it did, and each block what the other held.
func (f *file) verify(out []byte) error {
	after := &file{name: f.name, data: out}
	if _, err := after.applications(); err != nil {
		return fmt.Errorf("the result can't be read, and nothing was changed: %w", err)
	}
	same := len(after.docs) == len(f.docs)
	for i := 0; same && i < len(f.docs); i++ {
		var a, b any
		if f.docs[i].Decode(&a) != nil || after.docs[i].Decode(&b) != nil {
			return fmt.Errorf("%s: the result can't be compared, and nothing was changed", f.name)
		}
		same = reflect.DeepEqual(plain(a), plain(b))
	}
	if !same {
		return fmt.Errorf("%s: the result would mean something else, and nothing was changed: this is a defect of kesbridge, please report it", f.name)
	}
	return nil
}

// plain gives a value in which native and plugin blocks look alike.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		var out []any
		for _, e := range v {
			if s, ok := e.(string); ok && s == "PrunePropagationPolicy=orphan" {
				continue
			}
			out = append(out, plain(e))
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			if k == "plugin" {
				if block, ok := nativeOf(e); ok {
					for tool, options := range block {
						out[tool] = plain(options)
					}
					continue
				}
			}
			p := plain(e)
			// Those that only held the option.
			if list, ok := p.([]any); ok && k == "syncOptions" && len(list) == 0 {
				continue
			}
			if m, ok := p.(map[string]any); ok && k == "syncPolicy" && len(m) == 0 {
				continue
			}
			out[k] = p
		}
		return out
	}
	return v
}

// nativeOf reads kesbridge's own block.
func nativeOf(v any) (map[string]any, bool) {
	p, ok := v.(map[string]any)
	name, _ := p["name"].(string)
	if !ok || !argocd.IsPlugin(&argocd.ApplicationSourcePlugin{Name: name}) {
		return nil, false
	}
	block := map[string]any{}
	params, _ := p["parameters"].([]any)
	for _, e := range params {
		param, _ := e.(map[string]any)
		if param["name"] == "source" {
			text, _ := param["string"].(string)
			if yaml.Unmarshal([]byte(text), &block) != nil {
				return nil, false
			}
		}
	}
	return block, true
}
