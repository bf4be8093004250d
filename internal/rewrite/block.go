package rewrite

import (
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/argocd"
)

func isPlugin(p *yaml.Node) bool {
	return argocd.IsPlugin(&argocd.ApplicationSourcePlugin{Name: text(child(p, "name"))})
}

func (a *application) enable(o Options) (bool, error) {
	s, err := a.candidate()
	if err != nil {
		return false, err
	}
	changed := false
	if p := child(s.node, "plugin"); p != nil {
		err = a.present(p, o)
	} else {
		changed, err = true, a.block(s, o)
	}
	if err != nil || !o.OrphanPrune {
		return changed, err
	}
	added, err := a.orphanPrune()
	return changed || added, err
}

// present looks at a plugin block that is there.
func (a *application) present(p *yaml.Node, o Options) error {
	name := text(child(p, "name"))
	switch {
	case !isPlugin(p):
		return a.refuse(p, pluginReason(name), "leave it there; if it is yours, run kesbridge convert behind what it generates")
	case name != o.Plugin:
		return a.refuse(p, "it has kesbridge's plugin under the name "+name+" already", "change plugin.name to "+o.Plugin+" by hand, and hard-refresh the app")
	}
	if list := child(p, "parameters"); list != nil {
		for _, param := range list.Content {
			if mode := text(child(param, "string")); text(child(param, "name")) == "mode" && mode != o.Mode {
				a.note("it has the plugin already, with mode " + mode + ", which stays; change the parameter by hand")
			}
		}
	}
	return nil
}

// block puts the plugin block into a source.
func (a *application) block(s located, o Options) error {
	source, f := s.node, a.file
	if err := a.writable(source); err != nil {
		return err
	}
	if child(source, "chart") != nil {
		a.note("its chart comes from a Helm repository; the plugin gets it unpacked")
	} else if o.SourceFiles != nil && !a.set {
		found, err := o.SourceFiles(text(child(source, "path")), a.instance())
		if err != nil {
			return err
		}
		if found != "" {
			return a.refuse(source, SourceFileReason(found), SourceFileFix)
		}
	}
	key, value, err := a.native(source)
	if err != nil {
		return err
	}
	m := move{app: a, source: s.path, plugin: o.Plugin, mode: o.Mode}
	indent := source.Content[0].Column - 1
	if key == nil {
		end := f.endOf(source, indent)
		f.replace(end, end, f.pluginBlock(o, indent, "", nil))
		f.moves = append(f.moves, m)
		return nil
	}
	at := key.Line - 1
	end := f.blockEnd(at, indent)
	native, err := f.cut(at, end, indent)
	if err != nil {
		return a.refuse(key, "its block can't be taken line by line: "+err.Error(), "indent it like the block first")
	}
	chomp, err := a.sameBlock(key, value, native, f.blankAfter(end))
	if err != nil {
		return err
	}
	if a.set {
		if err := a.templates(native, key, value); err != nil {
			return err
		}
	}
	m.tool = key.Value
	f.moves = append(f.moves, m)
	f.replace(at, end, f.keepDash(at, indent, f.pluginBlock(o, indent, chomp, f.shift(at, end, indent, indent+inParameter))))
	return nil
}

// The words for .argocd-source files, which callers find for what
// ApplicationSets make.
const SourceFileFix = "move its options into the Application first"

// SourceFileReason says why such a file is in the way.
func SourceFileReason(file string) string {
	return file + " sets helm, kustomize or directory, which Argo CD would refuse beside the plugin block"
}

// native finds the one native block, nil if there is none.
func (a *application) native(source *yaml.Node) (key, value *yaml.Node, err error) {
	for i := 0; i+1 < len(source.Content); i += 2 {
		if !slices.Contains(tools, source.Content[i].Value) {
			continue
		}
		if key != nil {
			return nil, nil, a.refuse(source.Content[i], "its source has the options of two tools", "Argo CD refuses it, too: take one of them out")
		}
		key, value = source.Content[i], source.Content[i+1]
		for _, n := range []*yaml.Node{key, value} {
			if s := shared(n); s != nil {
				return nil, nil, a.refuse(s, "its options are shared through an alias or an anchor", "write them out first")
			}
		}
	}
	return key, value, nil
}

// sameBlock sees that the lines are the block, and that the plugin takes it.
// Where its last text keeps the blank lines behind it, so has the text around
// it ("+").
func (a *application) sameBlock(key, value *yaml.Node, native []string, blank string) (chomp string, err error) {
	var want any
	if err := value.Decode(&want); err != nil {
		return "", err
	}
	joined := strings.Join(native, "")
	same := func(s string) bool {
		var got map[string]any
		return yaml.Unmarshal([]byte(s), &got) == nil && len(got) == 1 && reflect.DeepEqual(got[key.Value], want)
	}
	if !same(joined) {
		if chomp, joined = "+", joined+blank; blank == "" || !same(joined) {
			return "", a.refuse(key, "its lines alone don't read as the same options", "write the block in plain block style first")
		}
	}
	if _, err := argocd.SourceParameter(joined); err != nil {
		return "", a.refuse(key, "the plugin can't take its options: the parameter source "+err.Error(), "correct them first, or keep the app native")
	}
	return chomp, nil
}

func (a *application) disable() (bool, error) {
	sources, err := a.sources()
	if err != nil {
		return false, err
	}
	changed := false
	for _, s := range sources {
		p := child(s.node, "plugin")
		if p == nil || !isPlugin(p) {
			continue
		}
		if err := a.unblock(s, p); err != nil {
			return false, err
		}
		changed = true
	}
	return changed, nil
}

// unblock puts the native block back.
func (a *application) unblock(s located, p *yaml.Node) error {
	f, key := a.file, keyOf(s.node, "plugin")
	if err := a.writable(s.node); err != nil {
		return err
	}
	if p.Style&yaml.FlowStyle != 0 || p.Kind != yaml.MappingNode {
		return a.refuse(p, "its plugin block is in flow style ({...})", "write it in block style first")
	}
	if n := shared(p); n != nil {
		return a.refuse(n, "its plugin block is shared through an alias or an anchor", "write it out first")
	}
	if other, _, err := a.native(s.node); err != nil || other != nil {
		return a.refuse(key, "there is a native block beside the plugin block", "Argo CD refuses it, too: take one of them out")
	}
	at, indent := key.Line-1, key.Column-1
	lines, err := a.sourceParameter(p, indent)
	if err != nil {
		return err
	}
	end := f.blockEnd(at, indent)
	if len(lines) == 0 && (indentOf(f.lines[at]) != indent || len(s.node.Content) == 2) {
		return a.refuse(key, "nothing would be left on the line of the plugin block", "take it out by hand")
	}
	f.moves = append(f.moves, move{app: a, source: s.path})
	f.replace(at, end, f.keepDash(at, indent, lines))
	return nil
}

// sourceParameter gives the lines of the native block in a plugin block, with
// an indentation.
func (a *application) sourceParameter(p *yaml.Node, indent int) ([]string, error) {
	var block []string
	params := child(p, "parameters")
	if params == nil {
		return nil, nil
	}
	for _, param := range params.Content {
		name := text(child(param, "name"))
		if name != "source" {
			// The others (mode, cluster, ...) mean nothing to a native block.
			if slices.ContainsFunc(argocd.SourceParams(), func(s argocd.SourceParam) bool { return s.Name == name }) {
				return nil, a.refuse(param, "the parameter "+name+" has no native block around it", "move what it says into the parameter source first")
			}
			continue
		}
		v := child(param, "string")
		if v == nil || block != nil {
			return nil, a.refuse(param, "its parameter source isn't one text", "see docs/parameters.md")
		}
		if _, err := argocd.SourceParameter(v.Value); err != nil {
			return nil, a.refuse(v, "the parameter source "+err.Error(), "correct it first")
		}
		block = a.file.scalarLines(v, indent)
	}
	return block, nil
}
