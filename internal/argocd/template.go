package argocd

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"time"
)

// Bounds of templates.
const (
	maxTemplate = 1 << 20   // bytes of one template, and of what it makes
	maxOutput   = 128 << 20 // bytes of all results of an ApplicationSet
)

// renderer puts parameters into texts (applicationset/utils/utils.go, Render).
type renderer struct {
	goTemplate bool
	options    []string
	base       *template.Template
	deadline   time.Time
	room       int
}

// templateOptions are those that text/template knows; it panics for others.
var templateOptions = map[string]bool{
	"missingkey=default": true, "missingkey=invalid": true, "missingkey=zero": true, "missingkey=error": true,
}

func newRenderer(goTemplate bool, options []string, deadline time.Time) (*renderer, error) {
	r := &renderer{goTemplate: goTemplate, options: options, deadline: deadline, room: maxOutput}
	for _, o := range options {
		if !templateOptions[o] {
			return nil, &PathError{Path: "goTemplateOptions", Reason: fmt.Sprintf("%q isn't an option of Go templates", o)}
		}
	}
	if goTemplate {
		r.base = template.New("base").Funcs(functions(deadline))
	}
	return r, nil
}

// replace is Render.Replace.
func (r *renderer) replace(text string, params map[string]any, options []string) (string, error) {
	if len(text) > maxTemplate {
		return "", &LimitError{What: "a template", Max: maxTemplate}
	}
	if !time.Now().Before(r.deadline) {
		return "", &LimitError{What: "the time in seconds that the templates take", Max: int64(maxExpansion / time.Second)}
	}
	out := text
	var err error
	switch {
	case !r.goTemplate:
		out, err = fast(text, params)
	case strings.Contains(text, "{{"):
		out, err = r.execute(text, params, options)
	}
	if err != nil {
		return "", &TemplateError{Template: text, Err: err}
	}
	if r.room -= len(out); r.room < 0 {
		return "", &LimitError{What: "what the templates make", Max: maxOutput}
	}
	return out, nil
}

func (r *renderer) execute(text string, params map[string]any, options []string) (string, error) {
	t, err := r.base.Clone()
	if err != nil {
		return "", err
	}
	t = t.Option(options...)
	t.Funcs(template.FuncMap{"tpl": guard("tpl", tpl(t), r.deadline)})
	if t, err = t.Parse(text); err != nil {
		return "", err
	}
	w := &limitedWriter{room: maxTemplate}
	if err := t.Execute(w, params); err != nil {
		return "", err
	}
	return w.String(), nil
}

// maxTPL is how deeply tpl may call itself.
const maxTPL = 3

// tpl is the function of that name (applicationset/utils/template_functions.go
// of 3.6.1): a text as a template, with the options of the one that calls it.
func tpl(parent *template.Template) func(string, any) (string, error) {
	depth := 0
	return func(text string, values any) (string, error) {
		depth++
		defer func() { depth-- }()
		if depth > maxTPL {
			return "", fmt.Errorf("maximum recursion depth %d exceeded in tpl function", maxTPL)
		}
		t, err := parent.Clone()
		if err != nil {
			return "", err
		}
		if t, err = t.New(parent.Name()).Parse(text); err != nil {
			return "", err
		}
		w := &limitedWriter{room: maxTemplate}
		if err := t.Execute(w, values); err != nil {
			return "", err
		}
		return strings.ReplaceAll(w.String(), "<no value>", ""), nil
	}
}

type limitedWriter struct {
	bytes.Buffer
	room int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, &LimitError{What: "what a template makes", Max: maxTemplate}
	}
	return w.Buffer.Write(p)
}

var isTemplated = regexp.MustCompile(".*{{.*}}.*")

// fast is valyala/fasttemplate: a tag without a parameter of its name, or with
// one that isn't a text, stays.
func fast(text string, params map[string]any) (string, error) {
	if !isTemplated.MatchString(text) {
		return text, nil
	}
	var b strings.Builder
	for rest := text; ; {
		before, after, ok := strings.Cut(rest, "{{")
		b.WriteString(before)
		if !ok {
			return b.String(), nil
		}
		tag, next, ok := strings.Cut(after, "}}")
		if !ok {
			return "", errors.New(`cannot find end tag "}}"`)
		}
		v, ok := params[strings.TrimSpace(tag)].(string)
		if !ok || strings.TrimSpace(tag) == "" {
			v = "{{" + tag + "}}"
		}
		if b.WriteString(v); b.Len() > maxTemplate {
			return "", &LimitError{What: "what a template makes", Max: maxTemplate}
		}
		rest = next
	}
}

// tree renders every text of a tree and every key, and leaves out the keys
// that are null (Render.deeplyReplace). over may take a mapping over.
func (r *renderer) tree(v any, params map[string]any, over func(path string, m map[string]any) (map[string]any, bool, error)) (any, error) {
	return r.walk(v, params, over, "", 0)
}

func (r *renderer) walk(v any, params map[string]any, over func(string, map[string]any) (map[string]any, bool, error), path string, depth int) (any, error) {
	if depth > 200 {
		return nil, &LimitError{What: "the depth of a template", Max: 200}
	}
	switch v := v.(type) {
	case string:
		return r.replace(v, params, r.options)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			e, err := r.walk(v[i], params, over, path, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = e
		}
		return out, nil
	case map[string]any:
		if over != nil {
			if m, ok, err := over(path, v); ok || err != nil {
				return m, err
			}
		}
		out := make(map[string]any, len(v))
		for _, k := range sortedKeys(v) {
			if v[k] == nil {
				continue
			}
			e, err := r.walk(v[k], params, over, path+"."+k, depth+1)
			if err != nil {
				return nil, err
			}
			name, err := r.replace(k, params, r.options)
			if err != nil {
				return nil, err
			}
			out[name] = e
		}
		return out, nil
	}
	return v, nil
}

// generator renders a generator with the parameters of another one. Its
// values keep what those don't know: they see the generator's own parameters
// later (Render.RenderGeneratorParams of 3.5; 3.1 failed).
func (r *renderer) generator(entry, params map[string]any) (map[string]any, error) {
	options := []string{"missingkey=error"}
	out, err := r.tree(entry, params, func(path string, m map[string]any) (map[string]any, bool, error) {
		if !isValues(path) {
			return nil, false, nil
		}
		out := make(map[string]any, len(m))
		for k, v := range m {
			s, ok := v.(string)
			if !ok {
				return nil, false, nil
			}
			resolved, err := r.replace(s, params, options)
			switch {
			case err == nil:
				out[k] = resolved
			case isMissingKey(err):
				out[k] = s
			default:
				return nil, true, fmt.Errorf("values.%s: %w", k, err)
			}
		}
		return out, true, nil
	})
	if err != nil {
		return nil, err
	}
	m, _ := out.(map[string]any)
	return m, nil
}

// isValues: the values of these kinds, at any depth of nesting.
func isValues(path string) bool {
	for _, kind := range []string{"clusters", "git", "scmProvider", "clusterDecisionResource", "pullRequest", "plugin"} {
		if path == "."+kind+".values" || strings.HasSuffix(path, ".generators."+kind+".values") {
			return true
		}
	}
	return false
}

func isMissingKey(err error) bool {
	return strings.Contains(err.Error(), "map has no entry for key") || strings.Contains(err.Error(), "can't evaluate field")
}
