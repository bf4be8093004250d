package handover

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// Meta is what is read of every object.
type Meta struct {
	Name              string                  `json:"name"`
	Namespace         string                  `json:"namespace"`
	UID               string                  `json:"uid"`
	ResourceVersion   string                  `json:"resourceVersion"`
	Generation        int64                   `json:"generation"`
	Labels            map[string]string       `json:"labels"`
	Annotations       map[string]string       `json:"annotations"`
	OwnerReferences   []metav1.OwnerReference `json:"ownerReferences"`
	Finalizers        []string                `json:"finalizers"`
	DeletionTimestamp string                  `json:"deletionTimestamp"`
}

func (m *Meta) key() string { return m.Namespace + "/" + m.Name }

// kesObject is a KES ExternalSecret of the cluster.
type kesObject struct {
	Metadata Meta `json:"metadata"`
	// Spec is nil for an old secretDescriptor, which KES serves whatever its
	// INSTANCE_ID (8.5.5, lib/daemon.js).
	Spec *struct {
		ControllerID string `json:"controllerId"`
	} `json:"spec"`
	Status struct {
		LastSync string `json:"lastSync"`
		Status   string `json:"status"`
	} `json:"status"`
	raw json.RawMessage
}

func (k *kesObject) UnmarshalJSON(data []byte) error {
	type plain kesObject
	k.raw = slices.Clone(data)
	return json.Unmarshal(data, (*plain)(k))
}

func (k *kesObject) controllerID() string {
	if k.Spec == nil {
		return ""
	}
	return k.Spec.ControllerID
}

type storeRef struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type sourceRef struct {
	StoreRef     *storeRef       `json:"storeRef"`
	GeneratorRef json.RawMessage `json:"generatorRef"`
}

type condition struct {
	Type    string `json:"type"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// esoObject is an ESO ExternalSecret: the fields that v1beta1 and v1 share.
type esoObject struct {
	APIVersion string `json:"apiVersion"`
	Metadata   Meta   `json:"metadata"`
	Spec       struct {
		SecretStoreRef storeRef `json:"secretStoreRef"`
		Target         struct {
			Name           string       `json:"name"`
			CreationPolicy string       `json:"creationPolicy"`
			DeletionPolicy string       `json:"deletionPolicy"`
			Immutable      bool         `json:"immutable"`
			Template       *esoTemplate `json:"template"`
		} `json:"target"`
		Data []struct {
			SecretKey string     `json:"secretKey"`
			SourceRef *sourceRef `json:"sourceRef"`
		} `json:"data"`
		DataFrom []struct {
			SourceRef *sourceRef `json:"sourceRef"`
		} `json:"dataFrom"`
	} `json:"spec"`
	Status struct {
		Conditions            []condition `json:"conditions"`
		RefreshTime           string      `json:"refreshTime"`
		SyncedResourceVersion string      `json:"syncedResourceVersion"`
	} `json:"status"`
	raw json.RawMessage
}

type esoTemplate struct {
	Type         string            `json:"type"`
	Data         map[string]string `json:"data"`
	TemplateFrom []json.RawMessage `json:"templateFrom"`
	MergePolicy  string            `json:"mergePolicy"`
}

func (e *esoObject) UnmarshalJSON(data []byte) error {
	type plain esoObject
	e.raw = slices.Clone(data)
	return json.Unmarshal(data, (*plain)(e))
}

// target is the name of the Secret.
func (e *esoObject) target() string {
	if e.Spec.Target.Name != "" {
		return e.Spec.Target.Name
	}
	return e.Metadata.Name
}

// owns reports creationPolicy Owner, which is also ESO's default.
func (e *esoObject) owns() bool {
	return e.Spec.Target.CreationPolicy == "" || e.Spec.Target.CreationPolicy == "Owner"
}

// ready is the Ready condition, or nil where ESO didn't look at the object.
func (e *esoObject) ready() *condition { return readyOf(e.Status.Conditions) }

func readyOf(list []condition) *condition {
	for i := range list {
		if list[i].Type == "Ready" {
			return &list[i]
		}
	}
	return nil
}

// stores are those that the object reads, kind filled in.
func (e *esoObject) stores() []storeRef {
	var out []storeRef
	add := func(r storeRef) {
		if r.Kind == "" {
			r.Kind = "SecretStore"
		}
		if r.Name != "" && !slices.Contains(out, r) {
			out = append(out, r)
		}
	}
	add(e.Spec.SecretStoreRef)
	for _, d := range e.Spec.Data {
		if d.SourceRef != nil && d.SourceRef.StoreRef != nil {
			add(*d.SourceRef.StoreRef)
		}
	}
	for _, d := range e.Spec.DataFrom {
		if d.SourceRef != nil && d.SourceRef.StoreRef != nil {
			add(*d.SourceRef.StoreRef)
		}
	}
	return out
}

// keys are those that ESO will write, as far as the object itself tells;
// unknown says that there may be more (0.20.4, pkg/controllers/externalsecret,
// externalsecret_controller_template.go; 0.9.20 alike).
func (e *esoObject) keys() (known []string, unknown string) {
	set := map[string]bool{}
	t := e.Spec.Target.Template
	fetched := t == nil || t.MergePolicy == "Merge" || len(t.Data) == 0 && len(t.TemplateFrom) == 0
	if fetched {
		for _, d := range e.Spec.Data {
			set[d.SecretKey] = true
		}
		if len(e.Spec.DataFrom) > 0 {
			unknown = "dataFrom"
		}
	}
	if t != nil {
		for k := range t.Data {
			set[k] = true
		}
		if len(t.TemplateFrom) > 0 {
			unknown = strings.TrimPrefix(unknown+" and templateFrom", " and ")
		}
	}
	return slices.Sorted(maps.Keys(set)), unknown
}

// store is a SecretStore or ClusterSecretStore.
type store struct {
	Kind     string `json:"kind"`
	Metadata Meta   `json:"metadata"`
	Status   struct {
		Conditions []condition `json:"conditions"`
	} `json:"status"`
}

// Marks of ESO on a Secret (apis/externalsecrets/v1/externalsecret_types.go;
// the same in v1beta1).
const (
	createdBy = "reconcile.external-secrets.io/created-by"
	dataHash  = "reconcile.external-secrets.io/data-hash"
)

// secret is a Secret; Data is there only where values were asked for.
type secret struct {
	Metadata  Meta              `json:"metadata"`
	Type      string            `json:"type"`
	Immutable bool              `json:"immutable"`
	Data      map[string][]byte `json:"data"`
}

// marked reports whether ESO wrote the Secret as its owner would.
func (s *secret) marked() bool {
	return s.Metadata.Labels[createdBy] != "" && s.Metadata.Annotations[dataHash] != ""
}

func isGroup(apiVersion, group string) bool {
	g, _, ok := strings.Cut(apiVersion, "/")
	return ok && g == group
}

// isKES and isESO tell what an owner is.
func isKES(o *metav1.OwnerReference) bool {
	return o.Kind == kes.Kind && isGroup(o.APIVersion, kes.Group)
}

func isESO(o *metav1.OwnerReference) bool {
	return o.Kind == "ExternalSecret" && isGroup(o.APIVersion, eso.Group)
}

func controls(o *metav1.OwnerReference) bool { return o.Controller != nil && *o.Controller }

// controller is the owner with controller: true, or nil.
func (s *secret) controller() *metav1.OwnerReference {
	for i := range s.Metadata.OwnerReferences {
		if controls(&s.Metadata.OwnerReferences[i]) {
			return &s.Metadata.OwnerReferences[i]
		}
	}
	return nil
}

// ownedByKES reports any owner that is a KES object, dead or alive.
func (s *secret) ownedByKES() bool {
	return slices.ContainsFunc(s.Metadata.OwnerReferences, func(o metav1.OwnerReference) bool { return isKES(&o) })
}

// ownedBy reports an owner with that uid.
func (s *secret) ownedBy(uid string) bool {
	return slices.ContainsFunc(s.Metadata.OwnerReferences, func(o metav1.OwnerReference) bool { return string(o.UID) == uid })
}

// adopted reports whether the Secret itself shows that the ESO object is its
// one controller and wrote it.
func (s *secret) adopted(e *esoObject) bool {
	o := s.controller()
	return o != nil && isESO(o) && string(o.UID) == e.Metadata.UID && s.marked() && !s.ownedByKES()
}
