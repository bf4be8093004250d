package cutover

import (
	"slices"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// Maker is an object of an output that makes a Secret.
type Maker struct {
	Pos manifest.Pos
	// Ref has its namespace filled in; its group tells KES from ESO.
	Ref manifest.Ref
	// Secret is the name of the Secret.
	Secret string
	// App is the application that it is of, where that is another one.
	App string
	// Frozen: no KES serves the object. Another controllerId than kesbridge's may
	// be that of another KES: Controller has it.
	Frozen     bool
	Controller string
	// NoSpec: a KES object that can't be frozen.
	NoSpec bool
	// NoPrune and NoDelete are what Argo CD's sync options in it say, Extraneous
	// what its compare options do. Last, Replace and Force are PruneLast=true and
	// so on.
	NoPrune, NoDelete, Extraneous bool
	Last, Replace, Force          bool
	// Hook: Argo CD makes and deletes it as a hook, and prunes the object that it
	// was before.
	Hook bool
	// Policy is ESO's creationPolicy, empty for Owner; DropsSecret tells
	// deletionPolicy Delete.
	Policy      string
	DropsSecret bool
	// Keys are those that it gives the Secret, Labels the labels' keys. Copies:
	// an ESO object without a template copies its own labels and annotations.
	Keys   Keys
	Labels []string
	Copies bool
	// Unknown: it could not be converted, so that it never was in a cluster as
	// it stands here.
	Unknown bool
}

// MakerOf reads a rendered object; ok is false if it is no ExternalSecret of
// KES or ESO. instanceID is KES's INSTANCE_ID.
func MakerOf(o map[string]any, instanceID string) (m Maker, ok bool) {
	text := func(path ...string) string {
		s, _ := at(o, path[:len(path)-1]...)[path[len(path)-1]].(string)
		return s
	}
	m.Ref = RefOf(o)
	if m.Ref.Kind == clusterKind && m.Ref.Group == eso.Group {
		return clusterMakerOf(o, m.Ref)
	}
	if m.Ref.Kind != "ExternalSecret" || m.Ref.Group != kes.Group && m.Ref.Group != eso.Group {
		return m, false
	}
	m.Secret, m.Keys = m.Ref.Name, KeysOf(o)
	m.options(text("metadata", "annotations", SyncOptions), text("metadata", "annotations", CompareOptions))
	m.Hook = hook(at(o, "metadata", "annotations"))
	// controller/appcontroller.go, shouldBeDeleted: it holds against deletion with
	// the Application, not against pruning.
	m.NoDelete = m.NoDelete || text("metadata", "annotations", "helm.sh/resource-policy") == "keep"
	if m.kes() {
		// KES 8.5.5, lib/daemon.js: it serves the object where both are equal.
		id := text("spec", "controllerId")
		m.Frozen = id != instanceID && isFrozen(id)
		if id != instanceID && !m.Frozen {
			m.Controller = id
		}
		m.NoSpec = len(at(o, "spec")) == 0
		m.Labels = keysIn(at(o, "spec", "template", "metadata", "labels"))
		return m, true
	}
	if name := text("spec", "target", "name"); name != "" {
		m.Secret = name
	}
	if m.Policy = text("spec", "target", "creationPolicy"); m.Policy == "Owner" {
		m.Policy = ""
	}
	m.DropsSecret = text("spec", "target", "deletionPolicy") == "Delete"
	_, templated := at(o, "spec", "target")["template"].(map[string]any)
	m.Copies = !templated
	m.Labels = keysIn(at(o, "spec", "target", "template", "metadata", "labels"))
	if m.Copies {
		m.Labels = keysIn(at(o, "metadata", "labels"))
	}
	return m, true
}

// isFrozen reports whether Freeze gives an id.
func isFrozen(id string) bool {
	for strings.HasSuffix(id, frozenAgain) {
		id = strings.TrimSuffix(id, frozenAgain)
	}
	return id == frozen
}

// hook reports whether Argo CD takes an object for a hook (gitops-engine,
// pkg/sync/hook/hook.go, helm/hook.go).
func hook(annotations map[string]any) bool {
	if s, ok := annotations["argocd.argoproj.io/hook"].(string); ok {
		return strings.Trim(s, " ,") != "Skip"
	}
	s, ok := annotations["helm.sh/hook"].(string)
	return ok && s != "crd-install"
}

// clusterKind makes an ExternalSecret in each namespace that it selects, and
// owns it (ESO, clusterexternalsecret_controller.go).
const clusterKind = "ClusterExternalSecret"

// EveryNamespace stands for the namespaces that a ClusterExternalSecret
// selects.
const EveryNamespace = "*"

// clusterMakerOf reads a ClusterExternalSecret; its Secrets are those of the
// ExternalSecrets that it makes.
func clusterMakerOf(o map[string]any, ref manifest.Ref) (Maker, bool) {
	spec := at(o, "spec", "externalSecretSpec")
	name, _ := at(o, "spec")["externalSecretName"].(string)
	if name == "" {
		name = ref.Name
	}
	m, ok := MakerOf(map[string]any{
		"apiVersion": ref.APIVersion(), "kind": "ExternalSecret", "spec": spec,
		"metadata": map[string]any{"name": name, "annotations": at(o, "metadata")["annotations"]},
	}, "")
	ref.Namespace = EveryNamespace
	m.Ref = ref
	return m, ok
}

// OtherMakerOf reads an object that makes a Secret and is no ExternalSecret:
// the Secret itself, a SealedSecret (bitnami.com/v1alpha1), a Certificate
// (cert-manager.io/v1, spec.secretName).
func OtherMakerOf(o map[string]any) (m Maker, ok bool) {
	m.Ref = RefOf(o)
	switch m.Ref.Group + "/" + m.Ref.Kind {
	case "/Secret":
		m.Secret = m.Ref.Name
	case "bitnami.com/SealedSecret":
		m.Secret = m.Ref.Name
		if name, _ := at(o, "spec", "template", "metadata")["name"].(string); name != "" {
			m.Secret = name
		}
	case "cert-manager.io/Certificate":
		m.Secret, _ = at(o, "spec")["secretName"].(string)
	}
	return m, m.Secret != ""
}

// RefOf identifies a rendered object.
func RefOf(o map[string]any) manifest.Ref {
	version, _ := o["apiVersion"].(string)
	ref := manifest.Ref{}
	if group, v, ok := strings.Cut(version, "/"); ok {
		ref.Group, ref.Version = group, v
	} else {
		ref.Version = version
	}
	ref.Kind, _ = o["kind"].(string)
	ref.Namespace, _ = at(o, "metadata")["namespace"].(string)
	ref.Name, _ = at(o, "metadata")["name"].(string)
	return ref
}

func keysIn(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (m *Maker) options(sync, compare string) {
	for option := range strings.SplitSeq(sync, ",") {
		switch strings.TrimSpace(option) {
		case noPrune:
			m.NoPrune = true
		case noDelete:
			m.NoDelete = true
		case "PruneLast=true":
			m.Last = true
		case "Replace=true":
			m.Replace = true
		case "Force=true":
			m.Force = true
		}
	}
	for option := range strings.SplitSeq(compare, ",") {
		m.Extraneous = m.Extraneous || strings.TrimSpace(option) == extraneous
	}
}

func (m *Maker) kes() bool { return m.Ref.Group == kes.Group }
func (m *Maker) eso() bool { return m.Ref.Group == eso.Group }

// owns reports whether the Secret goes with the object.
func (m *Maker) owns() bool { return m.kes() || m.eso() && m.Policy == "" }

func (m *Maker) same(o *Maker) bool {
	return m.Ref.Group == o.Ref.Group && m.Ref.Kind == o.Ref.Kind && m.Ref.Namespace == o.Ref.Namespace && m.Ref.Name == o.Ref.Name && m.App == o.App
}

// makesFor reports whether it makes the Secret that another one makes.
func (m *Maker) makesFor(o *Maker) bool {
	return m.Secret == o.Secret && m.Ref.Namespace == o.Ref.Namespace
}

// secret names it for people.
func (m *Maker) secret() string { return "the Secret " + m.secretKey() }

func (m *Maker) secretKey() string {
	if m.Ref.Namespace == EveryNamespace {
		return m.Secret + " in every namespace that " + m.Ref.Name + " selects"
	}
	if m.Ref.Namespace == "" {
		return m.Secret
	}
	return m.Ref.Namespace + "/" + m.Secret
}

// who names the object and its application for people.
func (m *Maker) who() string {
	kind := m.Ref.Kind
	switch {
	case m.kes():
		kind = "KES " + kind
	case m.eso():
		kind = "ESO " + kind
	}
	name := kind + " " + strings.TrimPrefix(m.Ref.Namespace+"/"+m.Ref.Name, "/")
	if m.App != "" {
		name += " of app " + m.App
	}
	return name
}
