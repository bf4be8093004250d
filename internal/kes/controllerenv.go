package kes

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
)

// value is what is known of one variable while the environment is read.
type value struct {
	text string
	pos  manifest.Pos
	// ref is where the value is kept, if not here.
	ref Key
	// secret: the text is one, and goes nowhere.
	secret bool
	// open says why the value isn't known; empty: it is.
	open string
}

// environment reads the variables of a container, in the order in which
// Kubernetes puts them together: envFrom, the last wins; then env, the last
// wins, each with $(NAME) of those before it (kubelet_pods.go,
// makeEnvironmentVariables).
type environment struct {
	c    *Controller
	vars map[string]value
	left int // how many more are read
	// configMap finds a ConfigMap that stands among the manifests.
	configMap func(name string) *Tree
	// pod is the template of the Deployment.
	pod *Tree
}

func (e *environment) set(name string, v value) {
	if name == "" {
		return
	}
	if e.left--; e.left < 0 {
		if e.left == -1 {
			e.open(v.pos, "more than %d variables", maxSettings)
		}
		return
	}
	v.secret = v.secret || v.text != "" && IsSecret(name, v.text)
	if v.secret {
		v.text = ""
	}
	e.vars[name] = v
}

func (e *environment) open(at manifest.Pos, format string, args ...any) {
	e.c.Open = append(e.c.Open, Open{Pos: at, What: fmt.Sprintf(format, args...)})
}

func (e *environment) openVariable(name string, at manifest.Pos, why string) {
	e.c.Open = append(e.c.Open, Open{Pos: at, What: name + ": " + why, Variable: name})
}

// from reads envFrom.
func (e *environment) from(list *Tree) {
	for _, item := range list.Items() {
		prefix := item.At("prefix").Text()
		if name := item.At("secretRef", "name").Text(); name != "" {
			e.open(item.Pos, "more variables come from the Secret %s (envFrom)", name)
			continue
		}
		name := item.At("configMapRef", "name").Text()
		if name == "" {
			e.open(item.Pos, "more variables come from a source that isn't known (envFrom)")
			continue
		}
		m := e.configMap(name)
		if m == nil {
			e.open(item.Pos, "more variables come from the ConfigMap %s, which isn't among the manifests (envFrom)", name)
			continue
		}
		data := m.At("data")
		for _, key := range data.Names() {
			if e.left < 0 {
				break
			}
			e.set(prefix+key, value{text: data.At(key).Text(), pos: data.At(key).Pos})
		}
	}
}

// env reads env.
func (e *environment) env(list *Tree) {
	for _, item := range list.Items() {
		name := item.At("name").Text()
		v := value{pos: item.Pos}
		if from := item.At("valueFrom"); from != nil && !from.IsNull() {
			v = e.valueFrom(name, from)
			v.pos = item.Pos
		} else {
			if t := item.At("value"); t != nil {
				v.pos = t.Pos
			}
			e.expand(&v, item.At("value").Text())
		}
		if v.open == unset {
			delete(e.vars, name) // an optional one that isn't there
			continue
		}
		e.set(name, v)
	}
}

// unset is a variable that nothing sets.
const unset = "unset"

func (e *environment) valueFrom(name string, from *Tree) value {
	switch {
	case from.At("secretKeyRef") != nil:
		r := from.At("secretKeyRef")
		return value{ref: Key{Kind: "Secret", Name: r.At("name").Text(), Key: r.At("key").Text()}}
	case from.At("configMapKeyRef") != nil:
		r := from.At("configMapKeyRef")
		key := Key{Kind: "ConfigMap", Name: r.At("name").Text(), Key: r.At("key").Text()}
		m := e.configMap(key.Name)
		if m == nil {
			return value{ref: key}
		}
		data := m.At("data", key.Key)
		switch {
		case data != nil:
			return value{text: data.Text(), secret: IsSecret(name, data.Text())}
		case r.At("optional").Text() == "true":
			return value{open: unset}
		}
		return value{open: fmt.Sprintf("it comes from the ConfigMap %s, which has no key %s", key.Name, key.Key)}
	case from.At("fieldRef") != nil:
		return e.field(from.At("fieldRef", "fieldPath").Text())
	}
	return value{open: "only a running pod knows it (valueFrom)"}
}

var fieldKey = regexp.MustCompile(`^metadata\.(labels|annotations)\['([^']*)'\]$`)

// field is what the Downward API gives, as far as the manifest tells.
func (e *environment) field(field string) value {
	if m := fieldKey.FindStringSubmatch(field); m != nil {
		return value{text: e.pod.At("metadata", m[1], m[2]).Text()}
	}
	switch {
	case field == "metadata.namespace" && e.c.Namespace != "":
		return value{text: e.c.Namespace}
	case field == "spec.serviceAccountName" && e.c.ServiceAccount.Name != "":
		return value{text: e.c.ServiceAccount.Name}
	}
	return value{open: "only a running pod knows it (fieldRef)"}
}

var (
	reference   = regexp.MustCompile(`\$\$|\$\([^()$]*\)`)
	serviceName = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_.*)?)$`)
)

// expand puts in $(NAME), and makes $$ one $.
func (e *environment) expand(v *value, text string) {
	length := 0
	v.text = reference.ReplaceAllStringFunc(text, func(m string) string {
		if m == "$$" {
			return "$"
		}
		name := m[2 : len(m)-1]
		used, ok := e.vars[name]
		if length += len(used.text); length > maxText {
			v.open = "it is too long"
			return ""
		}
		switch {
		case !ok && serviceName.MatchString(name):
			v.open = "it is put together from $(" + name + "), which only a running pod knows"
		case !ok:
			return m // Kubernetes leaves it, too
		case used.secret:
			v.secret = true
		case used.ref != (Key{}) && m == text:
			v.ref = used.ref
		case used.ref != (Key{}):
			v.open = fmt.Sprintf("it is put together from %s, which the %s %s holds", name, used.ref.Kind, used.ref.Name)
		case used.open != "":
			v.open = "it is put together from " + name + ": " + used.open
		}
		return used.text
	})
	if v.open != "" || v.ref != (Key{}) || v.secret {
		v.text = ""
	}
}

// finish writes down what was read: variables that KES reads, and any secret.
// What else its pods may hold is nobody's business.
func (e *environment) finish() {
	c := e.c
	c.Env, c.Refs, c.Places = map[string]string{}, map[string]Key{}, map[string]manifest.Pos{}
	for _, name := range slices.Sorted(maps.Keys(e.vars)) {
		v := e.vars[name]
		switch {
		case v.secret:
			c.Plain = append(c.Plain, name)
		case !IsVariable(name):
			continue
		case v.open != "":
			e.openVariable(name, v.pos, v.open)
		case v.ref != (Key{}):
			c.Refs[name] = v.ref
			if v.ref.Kind != "Secret" || !IsSecret(name, "") {
				e.openVariable(name, v.pos, fmt.Sprintf("the %s %s holds it (key %s)", v.ref.Kind, v.ref.Name, v.ref.Key))
			}
		default:
			c.Env[name] = v.text
		}
		c.Places[name] = v.pos
	}
	for _, name := range fileVariables {
		file := c.Env[name]
		if file == "" || !path.IsAbs(file) {
			continue
		}
		if _, ok := c.File(file); !ok {
			e.openVariable(name, c.Places[name], "the file "+file+" is in no volume that a Secret or a ConfigMap fills")
		}
	}
	slices.SortStableFunc(c.Open, func(a, b Open) int {
		return comparePos(a.Pos, b.Pos)
	})
}

func comparePos(a, b manifest.Pos) int {
	if n := strings.Compare(a.File, b.File); n != 0 {
		return n
	}
	if n := a.Line - b.Line; n != 0 {
		return n
	}
	return a.Column - b.Column
}
