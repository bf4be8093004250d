package render

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
)

// helmValues merges the user's values as helm's pkg/cli/values MergeValues
// does, in Argo CD's order: value files, values, --set, --set-string,
// --set-file.
func (a *app) helmValues(ctx context.Context) (map[string]any, error) {
	h := a.helmFiles(ctx)
	defer h.close()
	vals := map[string]any{}
	merge := func(name string, data []byte) error {
		m, err := loader.LoadValues(bytes.NewReader(data))
		if err != nil {
			return a.yamlError(name, data, err)
		}
		vals = loader.MergeMaps(vals, m)
		return nil
	}
	files, err := h.valueFiles()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		data, err := h.read(f)
		if err != nil {
			return nil, fmt.Errorf("read value file %s: %w", f.raw, err)
		}
		if err := merge(f.show(), data); err != nil {
			return nil, err
		}
	}
	if v := a.src.Helm.Values; v != "" {
		if err := merge("values", []byte(v)); err != nil {
			return nil, err
		}
	}
	return vals, h.setParameters(vals)
}

// show is the file's name for people.
func (f helmFile) show() string {
	if f.url != "" {
		return f.url
	}
	if ref, _, ok := strings.Cut(f.raw, "/"); ok && strings.HasPrefix(ref, "$") {
		return ref + "/" + f.tree.show(f.path)
	}
	return f.tree.show(f.path)
}

// setParameters applies the parameters. Argo CD keeps them in Go maps
// (util/helm/cmd.go, TemplateOpts), so of those with the same name the last
// counts, and the order of the others is chance. Ours is that of the options:
// one of Argo CD's, and the one result wherever the order doesn't matter.
func (h *helmFiles) setParameters(vals map[string]any) error {
	var set, str []HelmParameter
	for _, p := range h.src.Helm.Parameters {
		to := &set
		if p.ForceString {
			to = &str
		}
		*to = append(slices.DeleteFunc(*to, func(q HelmParameter) bool { return q.Name == p.Name }), p)
	}
	for _, p := range set {
		if err := strvals.ParseInto(p.Name+"="+escapeCommas(p.Value), vals); err != nil {
			return fmt.Errorf("set parameter %q: %w", p.Name, err)
		}
	}
	for _, p := range str {
		if err := strvals.ParseIntoString(p.Name+"="+escapeCommas(p.Value), vals); err != nil {
			return fmt.Errorf("set parameter %q: %w", p.Name, err)
		}
	}
	var files []HelmFileParameter
	for _, p := range h.src.Helm.FileParameters {
		files = append(slices.DeleteFunc(files, func(q HelmFileParameter) bool { return q.Name == p.Name }), p)
	}
	for _, p := range files {
		if err := h.setFile(p, vals); err != nil {
			return fmt.Errorf("set file parameter %q: %w", p.Name, err)
		}
	}
	return nil
}

// setFile sets one --set-file. Its name may hold more paths, "a=/etc/passwd,b":
// each is read as if it were an option's, so that none leaves the repository.
func (h *helmFiles) setFile(p HelmFileParameter, vals map[string]any) error {
	f, err := h.locate(p.Path)
	if err != nil {
		return err
	}
	read := func(path []rune) (any, error) {
		g := f
		if s := string(path); s != f.path+f.url {
			// Helm takes it relative to the chart, Argo CD's working directory.
			if filepath.IsAbs(s) {
				return nil, &OutsideError{Path: s}
			}
			var err error
			if g, err = h.locate(s); err != nil {
				return nil, err
			}
		}
		data, err := h.read(g)
		if err != nil {
			return nil, err
		}
		return string(data), nil
	}
	return strvals.ParseIntoFile(p.Name+"="+escapeCommas(f.path+f.url), vals, read)
}

// escapeCommas is cleanSetParameters of Argo CD 3.6 (util/helm/cmd.go): a
// parameter is one value, unless it is a list, "{a,b}".
func escapeCommas(v string) string {
	if strings.HasPrefix(v, "{") && strings.HasSuffix(v, "}") {
		return v
	}
	var b strings.Builder
	var last rune
	for _, r := range v {
		if r == ',' && last != '\\' {
			b.WriteRune('\\')
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

// yamlError places an error in a values file.
func (a *app) yamlError(name string, data []byte, err error) error {
	if e := brokenYAML(name, data); e != nil {
		return e
	}
	return &Error{File: name, Err: fmt.Errorf("parse values: %w", err)}
}
