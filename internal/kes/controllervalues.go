package kes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
)

// chartDefaults are the values of KES's chart that say how KES works, where
// nobody sets others (charts/kubernetes-external-secrets/values.yaml, 8.5.5).
var chartDefaults = [][2]string{
	{"AWS_REGION", "us-west-2"}, {"POLLER_INTERVAL_MILLISECONDS", "10000"}, {"WATCH_TIMEOUT", "60000"},
	{"LOG_LEVEL", "info"}, {"LOG_MESSAGE_KEY", "msg"}, {"METRICS_PORT", "3001"},
	{"AKEYLESS_API_ENDPOINT", "https://api.akeyless.io"}, {"VAULT_ADDR", "http://127.0.0.1:8200"},
}

// Chart is a release of KES's chart.
type Chart struct {
	// Release and Namespace are where it is installed; empty: Git doesn't tell.
	Release, Namespace string
	// Pos is where that is said.
	Pos manifest.Pos
	// Own are the values of a chart that depends on KES's, or of KES's own chart
	// in the repository; may be nil. The defaults of KES's chart are below them.
	Own *Tree
	// Values are those that people gave beside the chart, weakest first.
	Values []*Tree
	// Open is what of its values Git doesn't tell.
	Open []Open
}

// Controller is what the chart's templates make of the values
// (templates/deployment.yaml and _helpers.tpl of 8.5.5).
func (ch *Chart) Controller() *Controller {
	v := ch.merged()
	c := &Controller{Namespace: ch.Namespace, Pos: ch.Pos, Open: slices.Clone(ch.Open), PodLabels: texts(v.At("podLabels")), PodAnnotations: texts(v.At("podAnnotations"))}
	c.Name = ch.fullname(v)
	ch.account(c, v)
	volumes, mounts := ch.volumes(v)
	c.mounts(mounts, volumes)
	e := &environment{c: c, vars: map[string]value{}, left: maxSettings, pod: podOf(v), configMap: func(string) *Tree { return nil }}
	e.from(v.At("envFrom"))
	// The chart prints env in the order of the names.
	e.env(ch.env(v))
	e.finish()
	return c
}

// merged puts the values over one another and over the chart's, as Helm does:
// mappings are merged, null takes a key out.
func (ch *Chart) merged() *Tree {
	origin := manifest.Pos{Origin: "the defaults of chart " + ChartName + " 8.5.5"}
	env := &Tree{Pos: origin, kind: yaml.MappingNode}
	for _, d := range chartDefaults {
		env.set(d[0], origin, textTree(origin, d[1]))
	}
	account := &Tree{Pos: origin, kind: yaml.MappingNode}
	account.set("create", origin, plainTree(origin, "true"))
	out := &Tree{Pos: origin, kind: yaml.MappingNode}
	out.set("env", origin, env)
	out.set("serviceAccount", origin, account)
	out = overlay(out, ch.Own)
	for _, v := range ch.Values {
		out = overlay(out, asFloats(v))
	}
	return out
}

// asFloats makes of the numbers in env what Helm's templates print of them: those
// of a chart's own values.yaml and of --set keep their digits, those of other
// files are floats, 1000000 is 1e+06 (helm v3 and v4, pkg/cli/values).
func asFloats(v *Tree) *Tree {
	env := v.At("env")
	if !env.IsMapping() {
		return v
	}
	floats := &Tree{Pos: env.Pos, kind: yaml.MappingNode}
	for _, name := range env.Keys {
		one := env.At(name)
		if one.kind == yaml.ScalarNode && !one.whole {
			if n, ok := one.value().(json.Number); ok {
				if f, err := n.Float64(); err == nil && f != 0 {
					one = textTree(one.Pos, fmt.Sprint(f))
				}
			}
		}
		floats.set(name, env.Place(name), one)
	}
	out := &Tree{Pos: v.Pos, kind: yaml.MappingNode}
	for _, k := range v.Keys {
		out.set(k, v.Place(k), v.At(k))
	}
	out.set("env", v.Place("env"), floats)
	return out
}

// overlay is Helm's coalescing of two tables.
func overlay(under, over *Tree) *Tree {
	if !over.IsMapping() {
		return under
	}
	out := &Tree{Pos: over.Pos, kind: yaml.MappingNode}
	for _, k := range under.Names() {
		out.set(k, under.Place(k), under.At(k))
	}
	for _, k := range over.Names() {
		v, below := over.At(k), out.At(k)
		if v.IsMapping() && below.IsMapping() {
			v = overlay(below, v)
		}
		out.set(k, over.Place(k), v)
	}
	return out
}

// env is the list that the chart makes of env, envVarsFromSecret and
// envVarsFromConfigMap; what is empty is left out.
func (ch *Chart) env(v *Tree) *Tree {
	list := &Tree{kind: yaml.SequenceNode}
	add := func(name string, at manifest.Pos, key string, value *Tree) {
		item := &Tree{Pos: at, kind: yaml.MappingNode}
		item.set("name", at, textTree(at, name))
		item.set(key, at, value)
		list.List = append(list.List, item)
	}
	env := v.At("env")
	for _, name := range slices.Sorted(slices.Values(env.Names())) {
		if value := env.At(name); !value.empty() {
			add(name, value.Pos, "value", textTree(value.Pos, value.Text()))
		}
	}
	for _, from := range [][2]string{{"envVarsFromSecret", "secretKeyRef"}, {"envVarsFromConfigMap", "configMapKeyRef"}} {
		vars := v.At(from[0])
		for _, name := range slices.Sorted(slices.Values(vars.Names())) {
			at, one := vars.Place(name), vars.At(name)
			if !one.IsMapping() {
				continue // null takes a variable out again
			}
			ref := &Tree{Pos: at, kind: yaml.MappingNode}
			ref.set("name", at, textTree(at, one.At(from[1]).Text()))
			ref.set("key", at, textTree(at, one.At("key").Text()))
			source := &Tree{Pos: at, kind: yaml.MappingNode}
			source.set(from[1], at, ref)
			add(name, at, "valueFrom", source)
		}
	}
	return list
}

// volumes are extraVolumes and extraVolumeMounts, and those of
// filesFromSecret.
func (ch *Chart) volumes(v *Tree) (volumes, mounts *Tree) {
	volumes = &Tree{kind: yaml.SequenceNode, List: v.At("extraVolumes").Items()}
	mounts = &Tree{kind: yaml.SequenceNode, List: v.At("extraVolumeMounts").Items()}
	volumes.List, mounts.List = volumes.List[:len(volumes.List):len(volumes.List)], mounts.List[:len(mounts.List):len(mounts.List)]
	files := v.At("filesFromSecret")
	for _, name := range slices.Sorted(slices.Values(files.Names())) {
		at, one := files.Place(name), files.At(name)
		if !one.IsMapping() {
			continue
		}
		secret := &Tree{Pos: at, kind: yaml.MappingNode}
		secret.set("secretName", at, one.At("secret"))
		volume := &Tree{Pos: at, kind: yaml.MappingNode}
		volume.set("name", at, textTree(at, name))
		volume.set("secret", at, secret)
		mount := &Tree{Pos: at, kind: yaml.MappingNode}
		mount.set("name", at, textTree(at, name))
		mount.set("mountPath", at, one.At("mountPath"))
		volumes.List, mounts.List = append(volumes.List, volume), append(mounts.List, mount)
	}
	return volumes, mounts
}

// fullname is the Deployment's name, or empty where only the release tells.
func (ch *Chart) fullname(v *Tree) string {
	if full := v.At("fullnameOverride").Text(); full != "" {
		return shorten(full)
	}
	name := v.At("nameOverride").Text()
	if name == "" {
		name = ChartName
	}
	switch {
	case ch.Release == "":
		return ""
	case strings.Contains(ch.Release, name):
		return shorten(ch.Release)
	}
	return shorten(ch.Release + "-" + name)
}

func shorten(name string) string {
	return strings.TrimSuffix(name[:min(63, len(name))], "-")
}

func (ch *Chart) account(c *Controller, v *Tree) {
	a := v.At("serviceAccount")
	c.ServiceAccount.Name = a.At("name").Text()
	if a.At("create").empty() {
		if c.ServiceAccount.Name == "" {
			c.ServiceAccount.Name = "default"
		}
		return // with the annotations of somebody else's
	}
	c.ServiceAccount.Annotations = texts(a.At("annotations"))
	if c.ServiceAccount.Name == "" {
		c.ServiceAccount.Name = c.Name
		c.ServiceAccount.Derived = c.Name == ""
	}
}

// Nested is values with one in them, as Helm's --set makes it of a name with
// dots: text, or where it isn't forced to be, true, false, null or a number.
func Nested(name string, at manifest.Pos, text string, force bool) *Tree {
	v := textTree(at, text)
	if !force {
		v = plainTree(at, text)
		v.whole = true
	}
	keys := strings.Split(name, ".")
	for _, k := range slices.Backward(keys) {
		above := &Tree{Pos: at, kind: yaml.MappingNode}
		above.set(k, at, v)
		v = above
	}
	return v
}

// podOf is the pod template, as far as variables may ask for it.
func podOf(v *Tree) *Tree {
	meta := &Tree{kind: yaml.MappingNode}
	for _, k := range [][2]string{{"labels", "podLabels"}, {"annotations", "podAnnotations"}} {
		if t := v.At(k[1]); t != nil {
			meta.set(k[0], t.Pos, t)
		}
	}
	pod := &Tree{kind: yaml.MappingNode}
	pod.set("metadata", v.Pos, meta)
	return pod
}

func textTree(at manifest.Pos, s string) *Tree {
	return &Tree{Pos: at, kind: yaml.ScalarNode, scalar: &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Value: s}}
}

// plainTree is a scalar as it would be without quotes.
func plainTree(at manifest.Pos, s string) *Tree {
	return &Tree{Pos: at, kind: yaml.ScalarNode, scalar: &yaml.Node{Kind: yaml.ScalarNode, Value: s}}
}
