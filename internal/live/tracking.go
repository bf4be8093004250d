package live

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Tracking methods (application.resourceTrackingMethod in argocd-cm).
const (
	TrackAnnotation = "annotation"
	TrackLabel      = "label"
	TrackBoth       = "annotation+label"
)

const (
	trackingID     = "argocd.argoproj.io/tracking-id"
	installationID = "argocd.argoproj.io/installation-id"
	legacyLabelKey = "applications.argoproj.io/app-name"
	longestLabel   = 63

	// DefaultLabelKey is the label's key where argocd-cm sets no other.
	DefaultLabelKey = "app.kubernetes.io/instance"
)

// Tracking is how Argo CD marks the objects of an Application.
type Tracking struct {
	// Method is one of the three, LabelKey the label's key
	// (application.instanceLabelKey), InstallationID that of argocd-cm.
	Method, LabelKey, InstallationID string
	// App is the name in the marks: "<namespace>_<name>" outside the
	// controller's namespace.
	App string
	// Known: live objects told. Otherwise it is the default of Argo CD 3.
	Known bool
}

// Detect tells the tracking from the marks on live objects. names are what the
// Application may be called, most likely first; targets tell a label of Argo
// CD's from one of the app's own: charts write app.kubernetes.io/instance,
// too. Where both a label and an annotation are there, the label counts only
// if Argo CD must have set it.
func Detect(names []string, liveObjects, targets []*Object) Tracking {
	t := Tracking{Method: TrackAnnotation, LabelKey: DefaultLabelKey}
	if len(names) > 0 {
		t.App = names[0]
	}
	annotated := 0 // with the most frequent name
	counts := map[string]int{}
	for _, o := range liveObjects {
		id, _, ok := strings.Cut(o.GetAnnotations()[trackingID], ":")
		if !ok || len(o.GetOwnerReferences()) > 0 || len(names) > 0 && !slices.Contains(names, id) {
			continue
		}
		if counts[id]++; counts[id] > annotated {
			annotated = counts[id]
			t.App, t.InstallationID, t.Known = id, o.GetAnnotations()[installationID], true
		}
	}
	key, sure := labelKey(t.App, names, liveObjects, targets)
	switch {
	case annotated > 0 && sure:
		t.Method, t.LabelKey = TrackBoth, key
	case annotated == 0 && key != "":
		t.Method, t.LabelKey, t.Known = TrackLabel, key, true
		t.App = labelApp(key, names, liveObjects, t.App)
	}
	return t
}

// labelKey finds the label with the Application's name. sure: every live
// object whose own manifest is known to lack it has it.
func labelKey(app string, names []string, liveObjects, targets []*Object) (key string, sure bool) {
	if !slices.Contains(names, app) {
		names = append([]string{app}, names...)
	}
	type count struct{ has, added, lacks int }
	counts := map[string]*count{}
	rendered := map[Key]*Object{}
	for _, o := range targets {
		k := keyOf(o)
		k.Namespace = ""
		rendered[k] = o
	}
	for _, o := range liveObjects {
		for k, v := range o.GetLabels() {
			if v != "" && (slices.Contains(names, v) || slices.ContainsFunc(names, func(n string) bool { return truncated(n) == v })) {
				if counts[k] == nil {
					counts[k] = &count{}
				}
				counts[k].has++
			}
		}
	}
	for _, o := range liveObjects {
		k := keyOf(o)
		k.Namespace = ""
		target := rendered[k]
		if target == nil || isCRD(o) || len(o.GetOwnerReferences()) > 0 {
			continue
		}
		for label, c := range counts {
			_, own := target.GetLabels()[label]
			_, there := o.GetLabels()[label]
			switch {
			case !own && there:
				c.added++
			case !own:
				c.lacks++
			}
		}
	}
	best := ""
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		c, b := counts[k], counts[best]
		switch {
		case c.added == 0 && k != DefaultLabelKey && k != legacyLabelKey:
			continue // some label of the app's own that happens to be its name
		case b == nil, c.added > b.added, c.added == b.added && k == DefaultLabelKey:
			best = k
		}
	}
	if best == "" {
		return "", false
	}
	return best, counts[best].added > 0 && counts[best].lacks == 0
}

// labelApp is the name that the label holds.
func labelApp(key string, names []string, liveObjects []*Object, preset string) string {
	for _, name := range names {
		for _, o := range liveObjects {
			if o.GetLabels()[key] == name {
				return name
			}
		}
	}
	return preset
}

// mark sets the marks as Argo CD does (util/argo/resource_tracking.go,
// SetAppInstance). namespace is the destination's.
func (t Tracking) mark(o *Object, namespace string) error {
	if t.App == "" || isCRD(o) {
		return nil // reposerver/repository, GenerateManifests
	}
	if t.Method != TrackLabel {
		ns := o.GetNamespace()
		if ns == "" {
			ns = namespace
		}
		gvk := gvkOf(o)
		notes := o.GetAnnotations()
		if notes == nil {
			notes = map[string]string{}
		}
		delete(notes, installationID)
		if t.InstallationID != "" {
			notes[installationID] = t.InstallationID
		}
		notes[trackingID] = fmt.Sprintf("%s:%s/%s:%s/%s", t.App, gvk.Group, gvk.Kind, ns, o.GetName())
		o.SetAnnotations(notes)
	}
	switch t.Method {
	case TrackLabel:
		t.label(o, t.App)
	case TrackBoth:
		v := truncated(t.App)
		if v == "" {
			return fmt.Errorf("mark %s: the name %q can't be cut to a label", keyOf(o), t.App)
		}
		t.label(o, v)
	}
	return nil
}

// label is util/kube/kube.go, SetAppInstanceLabel; the oldest key is also set
// on the templates of workloads.
func (t Tracking) label(o *Object, value string) {
	labels := o.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[t.LabelKey] = value
	o.SetLabels(labels)
	if t.LabelKey != legacyLabelKey {
		return
	}
	switch gvk := gvkOf(o); gvk.Group + "/" + gvk.Kind {
	case "apps/Deployment", "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/Job":
		_ = unstructured.SetNestedField(o.Object, value, "spec", "template", "metadata", "labels", t.LabelKey)
	}
}

var endsWell = regexp.MustCompile("[a-zA-Z0-9]$")

// truncated is a name as a label's value: at most 63 characters, the last one
// a letter or a digit.
func truncated(name string) string {
	if len(name) <= longestLabel {
		return name
	}
	name = name[:longestLabel]
	for name != "" && !endsWell.MatchString(name) {
		name = name[:len(name)-1]
	}
	return name
}

// forget is SetAppInstance's counterpart for live objects: a label that is
// left over from label tracking is no difference under annotations
// (resource_tracking.go, Normalize).
func (t Tracking) forget(target, liveObject *Object) {
	if t.Method == TrackLabel || isCRD(liveObject) {
		return
	}
	labels := liveObject.GetLabels()
	if labels[t.LabelKey] == "" {
		return
	}
	notes := liveObject.GetAnnotations()
	if notes == nil {
		notes = map[string]string{}
	}
	notes[trackingID] = target.GetAnnotations()[trackingID]
	liveObject.SetAnnotations(notes)
	if target.GetLabels()[t.LabelKey] == "" {
		delete(labels, t.LabelKey)
		if len(labels) == 0 {
			labels = nil
		}
		liveObject.SetLabels(labels)
	}
}

// own reports whether a live object that nothing renders is the Application's:
// the annotation may have been copied from another one
// (controller/state.go, isSelfReferencedObj).
func (t Tracking) own(o *Object) bool {
	if t.Method == TrackLabel {
		return true
	}
	notes := o.GetAnnotations()
	if t.InstallationID != "" && notes == nil || notes[installationID] != t.InstallationID {
		return true
	}
	parts := strings.SplitN(notes[trackingID], ":", 3)
	if len(parts) != 3 {
		return true
	}
	group, kind, ok := strings.Cut(parts[1], "/")
	namespace, name, ok2 := strings.Cut(parts[2], "/")
	if !ok || !ok2 || strings.Contains(kind, "/") || strings.Contains(name, "/") {
		return true
	}
	gvk := gvkOf(o)
	return (o.GetNamespace() == namespace || o.GetNamespace() == "") && o.GetName() == name && gvk.Group == group && gvk.Kind == kind
}

// marked reports whether a live object carries the Application's mark.
func (t Tracking) marked(o *Object) bool {
	if t.Method == TrackLabel {
		v := o.GetLabels()[t.LabelKey]
		return v != "" && v == t.App
	}
	app, _, ok := strings.Cut(o.GetAnnotations()[trackingID], ":")
	return ok && app == t.App
}
