package kes

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// ChartName is the name of KES's chart, of its image, and of its Deployment
// unless somebody chose another.
const ChartName = "kubernetes-external-secrets"

// File is a file of manifests, or what a source rendered to.
type File struct {
	Name string
	Data []byte
}

// Controllers reads every KES Deployment among manifests, in their order. A
// ConfigMap or ServiceAccount that stands among them counts, a Secret is never
// looked into. The error is a *SettingsError.
func Controllers(files ...File) ([]*Controller, error) {
	var objects []*Tree
	for _, f := range files {
		if !slices.ContainsFunc(settingsKinds, func(k string) bool { return bytes.Contains(f.Data, []byte(k)) }) {
			continue
		}
		docs, err := Documents(f.Name, f.Data)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			objects = appendObjects(objects, d)
		}
	}
	return ControllersOf(objects), nil
}

// Objects takes the lists among documents apart.
func Objects(docs []*Tree) []*Tree {
	var out []*Tree
	for _, d := range docs {
		out = appendObjects(out, d)
	}
	return out
}

// What is looked at, at most: aliases make much of little, and no real
// repository comes near.
const (
	maxObjects     = 100_000
	maxControllers = 100
	maxSettings    = 100_000
	maxMounts      = 1_000
	maxText        = 128 << 10 // as long as Linux lets a variable be
)

// settingsKinds are the kinds that tell something.
var settingsKinds = []string{"Deployment", "ConfigMap", "ServiceAccount"}

// appendObjects takes lists apart.
func appendObjects(objects []*Tree, d *Tree) []*Tree {
	if len(objects) >= maxObjects {
		return objects
	}
	if strings.HasSuffix(d.At("kind").Text(), "List") {
		for _, item := range d.At("items").Items() {
			objects = appendObjects(objects, item)
		}
		return objects
	}
	return append(objects, d)
}

// ControllersOf is Controllers for objects that are read already.
func ControllersOf(objects []*Tree) []*Controller {
	var out []*Controller
	named := map[[2]string][]*Tree{}
	for _, o := range objects {
		if kind := o.At("kind").Text(); kind == "ConfigMap" || kind == "ServiceAccount" {
			key := [2]string{kind, o.At("metadata", "name").Text()}
			named[key] = append(named[key], o)
		}
	}
	for _, o := range objects {
		if o.At("kind").Text() != "Deployment" || len(out) == maxControllers {
			continue
		}
		if container := kesContainer(o); container != nil {
			out = append(out, controllerOf(o, container, named))
		}
	}
	return out
}

// imageName is the last part of an image's repository.
func imageName(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if i := strings.LastIndex(ref, ":"); i > strings.LastIndex(ref, "/") {
		ref = ref[:i]
	}
	return path.Base(ref)
}

// kesContainer is the container of a Deployment in which KES runs, or nil. A
// mirror may have renamed its image; then the Deployment's name or labels tell,
// unless it runs ESO's image.
func kesContainer(o *Tree) *Tree {
	containers := o.At("spec", "template", "spec", "containers").Items()
	byImage := func(name string) int {
		return slices.IndexFunc(containers, func(c *Tree) bool { return imageName(c.At("image").Text()) == name })
	}
	if i := byImage(ChartName); i >= 0 {
		return containers[i]
	}
	labels := o.At("metadata", "labels")
	named := strings.HasSuffix(o.At("metadata", "name").Text(), ChartName) ||
		labels.At("app.kubernetes.io/name").Text() == ChartName || labels.At("app").Text() == ChartName
	if !named || len(containers) == 0 || byImage("external-secrets") >= 0 {
		return nil
	}
	if i := slices.IndexFunc(containers, func(c *Tree) bool { return c.At("name").Text() == ChartName }); i >= 0 {
		return containers[i]
	}
	if i := slices.IndexFunc(containers, hasVariables); i >= 0 {
		return containers[i]
	}
	return containers[0]
}

// hasVariables reports whether KES's own settings are in a container.
func hasVariables(c *Tree) bool {
	return slices.ContainsFunc(c.At("env").Items(), func(e *Tree) bool { return IsVariable(e.At("name").Text()) })
}

func controllerOf(o, container *Tree, named map[[2]string][]*Tree) *Controller {
	pod := o.At("spec", "template")
	c := &Controller{
		Namespace: o.At("metadata", "namespace").Text(), Name: o.At("metadata", "name").Text(), Pos: o.Pos,
		PodLabels: texts(pod.At("metadata", "labels")), PodAnnotations: texts(pod.At("metadata", "annotations")),
	}
	near := func(kind, name string) *Tree {
		for _, o := range named[[2]string{kind, name}] {
			if ns := o.At("metadata", "namespace").Text(); ns == c.Namespace || ns == "" || c.Namespace == "" {
				return o
			}
		}
		return nil
	}
	spec := pod.At("spec")
	c.ServiceAccount.Name = spec.At("serviceAccountName").Text()
	if c.ServiceAccount.Name == "" {
		c.ServiceAccount.Name = spec.At("serviceAccount").Text()
	}
	account := c.ServiceAccount.Name
	if account == "" {
		account = "default"
	}
	c.ServiceAccount.Annotations = texts(near("ServiceAccount", account).At("metadata", "annotations"))
	c.mounts(container.At("volumeMounts"), spec.At("volumes"))
	e := &environment{c: c, vars: map[string]value{}, left: maxSettings, pod: pod, configMap: func(name string) *Tree { return near("ConfigMap", name) }}
	e.from(container.At("envFrom"))
	e.env(container.At("env"))
	e.finish()
	return c
}

// texts are the scalars of a mapping; nil without any.
func texts(t *Tree) map[string]string {
	var out map[string]string
	for _, k := range t.Names() {
		if out == nil {
			out = map[string]string{}
		}
		out[k] = t.At(k).Text()
	}
	return out
}
