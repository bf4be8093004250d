package rewrite

import (
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// move is one source that got a plugin block, or lost it.
type move struct {
	app    *application
	source []any  // where it is in its document
	plugin string // the plugin that it got; "" if it lost it
	mode   string
	tool   string // the native block that it had, if any
}

// verify reads the result back. Take out of every changed source the block
// that went and the one that came, which must say the same, and the one option
// where it was added: the rest of the file must mean what it did.
func (f *file) verify(out []byte) error {
	const defect = "%s: %s, and nothing was changed: this is a defect of kesbridge, please report it"
	after := &file{name: f.name, data: out}
	if _, err := after.applications(); err != nil {
		return fmt.Errorf(defect, f.name, "the result can't be read ("+err.Error()+")")
	}
	if len(after.trees) != len(f.trees) {
		return fmt.Errorf(defect, f.name, "the result has other documents")
	}
	for _, m := range f.moves {
		before, _ := at(f.trees[m.app.doc], m.source).(map[string]any)
		now, _ := at(after.trees[m.app.doc], m.source).(map[string]any)
		if before == nil || now == nil || !m.undo(before, now) {
			return fmt.Errorf(defect, m.app.pos, "the block would mean something else")
		}
	}
	for _, a := range f.orphaned {
		if spec, _ := at(after.trees[a.doc], a.specPath()).(map[string]any); !withoutOrphan(spec) {
			return fmt.Errorf(defect, a.pos, orphan+" wouldn't be there")
		}
	}
	if !reflect.DeepEqual(f.trees, after.trees) {
		return fmt.Errorf(defect, f.name, "the result would mean something else")
	}
	return nil
}

// undo takes the blocks out of both, if they say the same.
func (m *move) undo(before, now map[string]any) bool {
	native, with := before, now
	if m.plugin == "" {
		native, with = now, before
	}
	plugin, _ := with["plugin"].(map[string]any)
	block, ok := nativeOf(plugin)
	if !ok || native["plugin"] != nil {
		return false
	}
	if m.plugin != "" {
		want := []any{map[string]any{"name": "mode", "string": m.mode}}
		params, _ := plugin["parameters"].([]any)
		if m.tool != "" && len(params) == 2 {
			want = append(want, params[1]) // nativeOf read it
		}
		if len(plugin) != 2 || plugin["name"] != m.plugin || !reflect.DeepEqual(params, want) {
			return false
		}
	}
	for _, tool := range tools {
		options, is := native[tool]
		moved, was := block[tool]
		if _, both := with[tool]; both || is != was || !reflect.DeepEqual(options, moved) {
			return false
		}
		delete(native, tool)
	}
	delete(with, "plugin")
	return true
}

// nativeOf reads the parameter source of a plugin block.
func nativeOf(plugin map[string]any) (map[string]any, bool) {
	block := map[string]any{}
	params, _ := plugin["parameters"].([]any)
	for _, e := range params {
		if param, _ := e.(map[string]any); param["name"] == "source" {
			text, ok := param["string"].(string)
			if !ok || yaml.Unmarshal([]byte(text), &block) != nil {
				return nil, false
			}
		}
	}
	return block, plugin != nil
}

// withoutOrphan takes the option out that was added last, and what only held
// it.
func withoutOrphan(spec map[string]any) bool {
	policy, _ := spec["syncPolicy"].(map[string]any)
	options, _ := policy["syncOptions"].([]any)
	last := len(options) - 1
	if last < 0 || options[last] != orphan || slices.Contains(options[:last], any(orphan)) {
		return false
	}
	if policy["syncOptions"] = options[:last]; last > 0 {
		return true
	}
	if delete(policy, "syncOptions"); len(policy) == 0 {
		delete(spec, "syncPolicy")
	}
	return true
}

// at follows keys and indices.
func at(tree any, path []any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := tree.(map[string]any)
			tree = m[step]
		case int:
			list, _ := tree.([]any)
			if step >= len(list) {
				return nil
			}
			tree = list[step]
		}
	}
	return tree
}
