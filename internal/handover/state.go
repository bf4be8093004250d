package handover

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// State is where a Secret is on its way.
type State string

// The states, in the order of the way.
const (
	// KES makes the Secret, and no ESO object is there for it.
	KES State = "kes"
	// Both: KES owns the Secret, and an ESO object for it is there.
	Both State = "both"
	// HandingOver: begun and not finished; nothing is lost.
	HandingOver State = "handing over"
	// ESO owns the Secret and wrote it, and nothing of KES remains.
	ESO State = "eso"
	// Broken: the Secret isn't there, will be deleted, or is fought over.
	Broken State = "broken"
)

// Item is one Secret and what there is for it.
type Item struct {
	Namespace string `json:"namespace"`
	// Name is the Secret's, and that of the KES object.
	Name  string `json:"name"`
	State State  `json:"state"`
	// Why says what makes it so, and for broken what is wrong.
	Why    string      `json:"why,omitempty"`
	App    string      `json:"app,omitempty"`
	KES    *KESView    `json:"kes,omitempty"`
	Secret *SecretView `json:"secret,omitempty"`
	ESO    *ESOView    `json:"eso,omitempty"`
	Stores []StoreView `json:"stores,omitempty"`
	// Readers are objects of the namespace that name the Secret, as
	// kind/name.
	Readers []string `json:"readers,omitempty"`

	kes    *kesObject
	secret *secret
	eso    []*esoObject
}

// KESView is what is shown of a KES object.
type KESView struct {
	UID          string `json:"uid"`
	ControllerID string `json:"controllerId,omitempty"`
	LastSync     string `json:"lastSync,omitempty"`
	Status       string `json:"status,omitempty"`
	// ServedBy says which KES may serve it; empty: none does.
	ServedBy string `json:"servedBy,omitempty"`
	Deleting bool   `json:"deleting,omitempty"`
}

// SecretView is what is shown of a Secret.
type SecretView struct {
	UID    string  `json:"uid"`
	Owners []Owner `json:"owners"`
	// Marked: it carries ESO's label created-by and annotation data-hash.
	Marked bool `json:"marked"`
}

// Owner is an owner of a Secret.
type Owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller,omitempty"`
	// Gone: no object has this uid.
	Gone bool `json:"gone,omitempty"`
}

// ESOView is what is shown of an ESO object.
type ESOView struct {
	APIVersion     string `json:"apiVersion"`
	Name           string `json:"name"`
	UID            string `json:"uid"`
	Ready          string `json:"ready"`
	Reason         string `json:"reason,omitempty"`
	Message        string `json:"message,omitempty"`
	CreationPolicy string `json:"creationPolicy"`
	DeletionPolicy string `json:"deletionPolicy"`
}

// StoreView is a store that an ESO object reads.
type StoreView struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Ready is that of its condition; Unknown where it has none or may not be
	// read, Missing where it isn't there.
	Ready string `json:"ready"`
}

// judge says where a Secret is. served says which KES may serve the object.
func (it *Item) judge(served string) {
	it.State, it.Why = it.state(served)
}

func (it *Item) state(served string) (State, string) {
	k, s := it.kes, it.secret
	var e *esoObject
	if len(it.eso) > 0 {
		e = it.eso[0]
	}
	switch {
	case len(it.eso) > 1:
		return Broken, fmt.Sprintf("%d ESO resources write to the Secret: %s", len(it.eso), namesOf(it.eso))
	case s == nil && k != nil && k.Status.Status != "" && k.Status.Status != "SUCCESS":
		return Broken, "the Secret isn't there; KES says " + k.Status.Status
	case s == nil:
		return Broken, "the Secret isn't there"
	}
	c := s.controller()
	switch {
	case e != nil && s.ownedBy(e.Metadata.UID):
		return it.taken(e, served)
	case k != nil && s.ownedBy(k.Metadata.UID):
		return it.held(e)
	case s.ownedByKES():
		return Broken, "its KES owner is gone: the garbage collector deletes the Secret"
	case c != nil && isESO(c) && e != nil && c.Name == e.Metadata.Name:
		return Broken, "its owner is an ESO resource of that name that is gone: the garbage collector deletes the Secret unless ESO is quicker"
	case c != nil:
		return Broken, fmt.Sprintf("another object controls the Secret: %s %s", c.Kind, c.Name)
	case e == nil:
		return KES, "the Secret has no owner"
	case !e.owns() && k == nil && s.Metadata.Annotations[dataHash] != "":
		return ESO, "creationPolicy " + e.Spec.Target.CreationPolicy + ": the Secret has no owner"
	case k != nil:
		return HandingOver, "the Secret has no owner, and both resources are there"
	}
	return HandingOver, "the Secret has no owner, and ESO has not adopted it"
}

// taken is for a Secret that the ESO object owns.
func (it *Item) taken(e *esoObject, served string) (State, string) {
	s := it.secret
	switch {
	case it.kes != nil && served != "":
		return Broken, "ESO owns the Secret, but " + served + ", and takes it back"
	case it.kes != nil:
		return HandingOver, "ESO owns the Secret; the KES resource is still there"
	case s.ownedByKES():
		return HandingOver, "ESO owns the Secret, and so does a KES resource that is gone"
	case !s.adopted(e):
		return HandingOver, "ESO owns the Secret and has not written it yet"
	}
	if r := e.ready(); r != nil && r.Status != "True" {
		return ESO, "ESO can't refresh it: " + r.Message
	}
	return ESO, ""
}

// held is for a Secret that the KES object owns.
func (it *Item) held(e *esoObject) (State, string) {
	if it.kes.Metadata.DeletionTimestamp != "" {
		return Broken, "the KES resource is being deleted while it owns the Secret"
	}
	if e == nil {
		return KES, ""
	}
	if !e.owns() {
		return Both, "creationPolicy " + e.Spec.Target.CreationPolicy + ": ESO writes to the Secret beside KES"
	}
	return Both, ""
}

func namesOf(list []*esoObject) string {
	var names []string
	for _, e := range list {
		names = append(names, e.Metadata.Name)
	}
	return strings.Join(names, ", ")
}

// show fills in what people see.
func (it *Item) show(served string, stores func(string, storeRef) string, alive func(metav1.OwnerReference) bool) {
	if k := it.kes; k != nil {
		it.KES = &KESView{UID: k.Metadata.UID, ControllerID: k.controllerID(), LastSync: k.Status.LastSync, Status: k.Status.Status, ServedBy: served, Deleting: k.Metadata.DeletionTimestamp != ""}
		it.App = appOf(&k.Metadata)
	}
	if s := it.secret; s != nil {
		it.Secret = &SecretView{UID: s.Metadata.UID, Owners: []Owner{}, Marked: s.marked()}
		for _, o := range s.Metadata.OwnerReferences {
			it.Secret.Owners = append(it.Secret.Owners, Owner{o.APIVersion, o.Kind, o.Name, string(o.UID), controls(&o), !alive(o)})
		}
	}
	if len(it.eso) == 0 {
		return
	}
	e := it.eso[0]
	t := e.Spec.Target
	it.ESO = &ESOView{APIVersion: e.APIVersion, Name: e.Metadata.Name, UID: e.Metadata.UID, Ready: "Unknown", CreationPolicy: orDefault(t.CreationPolicy, "Owner"), DeletionPolicy: orDefault(t.DeletionPolicy, "Retain")}
	if r := e.ready(); r != nil {
		it.ESO.Ready, it.ESO.Reason, it.ESO.Message = r.Status, r.Reason, r.Message
	}
	if it.App == "" {
		it.App = appOf(&e.Metadata)
	}
	for _, r := range e.stores() {
		it.Stores = append(it.Stores, StoreView{r.Kind, r.Name, stores(it.Namespace, r)})
	}
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Marks of Argo CD on the objects of an Application: tracking by annotation is
// the default since 3.0, by label before.
const (
	trackingID    = "argocd.argoproj.io/tracking-id"
	instanceLabel = "app.kubernetes.io/instance"
)

// appOf is the Application that Argo CD says an object is of: by its
// annotation, which a copy to another object doesn't fit, or by its label.
func appOf(m *Meta) string {
	if id := m.Annotations[trackingID]; id != "" {
		app, rest, ok := strings.Cut(id, ":")
		if ok && strings.HasSuffix(rest, ":"+m.Namespace+"/"+m.Name) {
			return app
		}
	}
	return m.Labels[instanceLabel]
}

// Remains reports whether anything of KES is left here: deleting its CRD would
// collect what it owns.
func (it *Item) Remains() bool {
	return it.KES != nil || it.Secret != nil && slices.ContainsFunc(it.Secret.Owners, func(o Owner) bool {
		return o.Kind == "ExternalSecret" && isGroup(o.APIVersion, kesObjects.group)
	})
}
