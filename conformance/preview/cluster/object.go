package cluster

// M is an object that is written down in a test.
type M = map[string]any

// Meta is what tests look at in any object's metadata.
type Meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace,omitempty"`
	UID               string            `json:"uid,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	Generation        int64             `json:"generation,omitempty"`
	DeletionTimestamp string            `json:"deletionTimestamp,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	OwnerReferences   []Owner           `json:"ownerReferences,omitempty"`
}

// Owner is an owner reference.
type Owner struct {
	APIVersion         string `json:"apiVersion"`
	Kind               string `json:"kind"`
	Name               string `json:"name"`
	UID                string `json:"uid"`
	Controller         bool   `json:"controller,omitempty"`
	BlockOwnerDeletion bool   `json:"blockOwnerDeletion,omitempty"`
}

// Secret has its values in base64, as the API has them.
type Secret struct {
	Metadata Meta              `json:"metadata"`
	Type     string            `json:"type"`
	Data     map[string]string `json:"data"`
}

// Namespaced is the path of a resource in a namespace; with a name, that of
// one object. group is "v1" or "group/version".
func Namespaced(group, namespace, resource string, name ...string) string {
	path := "/apis/" + group
	if group == "v1" {
		path = "/api/v1"
	}
	path += "/namespaces/" + namespace + "/" + resource
	for _, n := range name {
		path += "/" + n
	}
	return path
}
