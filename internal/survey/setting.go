package survey

import (
	"cmp"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/kes"
)

const kesChart = kes.ChartName

// Setting is a variable of KES's Deployment.
type Setting struct {
	Key, Value string
	// Default: from the values.yaml in the chart itself, which any other
	// setting overrides.
	Default bool
	Place   Place
}

// image splits a reference into repository and tag; its digest isn't looked at.
func image(ref string) (repository, tag string) {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		return ref[:i], ref[i+1:]
	}
	return ref, ""
}

// deployment notes KES's environment and ESO's image. A mirror may have
// renamed KES's image; then the Deployment's name tells.
func (r *Report) deployment(name string, n *yaml.Node) {
	containers := items(at(n, "spec", "template", "spec", "containers"))
	var found []*yaml.Node
	for _, c := range containers {
		ref := text(at(c, "image"))
		repository, tag := image(ref)
		switch path.Base(repository) {
		case kesChart:
			found = append(found, c)
		case "external-secrets":
			r.version(name, at(c, "image").Line, tag, nil, "a Deployment runs "+ref)
		}
	}
	if len(found) == 0 && strings.HasSuffix(text(at(n, "metadata", "name")), kesChart) {
		found = containers
	}
	for _, c := range found {
		for _, e := range items(at(c, "env")) {
			r.variable(name, text(at(e, "name")), at(e, "value"), at(e, "valueFrom"), false)
		}
		for _, e := range items(at(c, "envFrom")) {
			r.Secrets = append(r.Secrets, Place{name, e.Line, "more variables come from elsewhere (envFrom)"})
		}
	}
}

// kesKeys are the keys below which a file of values has those of KES's chart;
// "" is the file itself.
func kesKeys(dir, name string) []string {
	if !strings.Contains(path.Base(name), "values") {
		return nil
	}
	file := filepath.Join(dir, filepath.FromSlash(path.Dir(name)), "Chart.yaml")
	keys := []string{kesChart}
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return keys
	}
	data, err := read(file)
	if err != nil {
		return keys // the walk says it
	}
	docs, err := parse(data)
	if err != nil || len(docs) == 0 {
		return keys
	}
	if text(at(docs[0], "name")) == kesChart {
		return []string{""}
	}
	for _, d := range items(at(docs[0], "dependencies")) {
		if alias := text(at(d, "alias")); text(at(d, "name")) == kesChart && alias != "" {
			keys = append(keys, alias)
		}
	}
	return keys
}

// chartValues notes the env of values for KES's chart. An own values.yaml of
// the chart (key "") is what others override.
func (r *Report) chartValues(name string, n *yaml.Node, key string) {
	weak := false
	if key != "" {
		n = at(n, key)
	} else {
		weak = path.Base(name) == "values.yaml"
	}
	r.env(name, at(n, "env"), 0, weak)
	for _, list := range []string{"envVarsFromSecret", "envVarsFromConfigMap"} {
		for _, p := range pairs(at(n, list)) {
			r.Secrets = append(r.Secrets, Place{name, p[0].Line, p[0].Value + " comes from elsewhere (" + list + ")"})
		}
	}
}

// helm notes what an Application says to KES's chart.
func (r *Report) helm(name string, n *yaml.Node) {
	r.env(name, at(n, "valuesObject", "env"), 0, false)
	if values := at(n, "values"); values != nil {
		if docs, err := parse([]byte(text(values))); err == nil && len(docs) == 1 {
			r.env(name, at(docs[0], "env"), values.Line, false)
		}
	}
	for _, p := range items(at(n, "parameters")) {
		if key, ok := strings.CutPrefix(text(at(p, "name")), "env."); ok {
			r.variable(name, key, at(p, "value"), nil, false)
		}
	}
	for _, f := range items(at(n, "valueFiles")) {
		if ref, file, ok := strings.Cut(text(f), "/"); ok && strings.HasPrefix(ref, "$") {
			r.values = append(r.values, file)
		}
	}
}

// valueFiles reads the files that Applications give to KES's chart by a $ref,
// which may be to this repository. None leads out of it.
func (r *Report) valueFiles(dir string) {
	slices.Sort(r.values)
	for _, file := range slices.Compact(r.values) {
		f, err := os.OpenInRoot(dir, filepath.FromSlash(file))
		if err != nil {
			continue // of another repository
		}
		if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
			f.Close()
			continue
		}
		data, err := readAll(f)
		if err != nil {
			continue // the walk said it
		}
		docs, err := parse(data)
		if err != nil {
			r.unread(file, err)
			continue
		}
		for _, doc := range docs {
			r.env(file, at(doc, "env"), 0, false)
		}
	}
}

func (r *Report) env(name string, n *yaml.Node, above int, weak bool) {
	for _, p := range pairs(n) {
		value := *p[1]
		value.Line += above
		r.variable(name, p[0].Value, &value, nil, weak)
	}
}

func (r *Report) variable(name, key string, value, from *yaml.Node, weak bool) {
	switch {
	case from != nil:
		r.Secrets = append(r.Secrets, Place{name, from.Line, key + " comes from elsewhere (valueFrom)"})
	case value == nil || value.Kind != yaml.ScalarNode:
	case kes.IsSecret(key, value.Value):
		r.Secrets = append(r.Secrets, Place{name, value.Line, key + " stands there in plain text: ESO needs it in a Secret"})
	case kes.IsVariable(key):
		r.Settings = append(r.Settings, Setting{key, value.Value, weak, Place{name, value.Line, key}})
	}
}

// settleSettings finds those that are the same wherever they are set.
func (r *Report) settleSettings() {
	slices.SortFunc(r.Settings, func(a, b Setting) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Place.File, b.Place.File), cmp.Compare(a.Place.Line, b.Place.Line), cmp.Compare(a.Value, b.Value))
	})
	r.Settings = slices.Compact(r.Settings)
	firm := map[string]bool{}
	for _, s := range r.Settings {
		firm[s.Key] = firm[s.Key] || !s.Default
	}
	r.Settings = slices.DeleteFunc(r.Settings, func(s Setting) bool { return s.Default && firm[s.Key] })
	r.Env = map[string]string{}
	differ := map[string]bool{}
	for _, s := range r.Settings {
		if v, ok := r.Env[s.Key]; ok && v != s.Value {
			differ[s.Key] = true
		}
		r.Env[s.Key] = s.Value
	}
	for key := range differ {
		delete(r.Env, key)
	}
}
