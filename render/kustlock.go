package render

import (
	"errors"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kustomizing guards kustomize's OpenAPI schema, which is the process's and
// decides how patches merge. Builds that leave it as it is hold it for reading,
// side by side; one that brings a schema of its own is alone.
var kustomizing sync.RWMutex

// schema is what is known of the process's schema.
var schema struct {
	// used: some build was before. The first one is alone, since to read all of
	// the schema, which others need first, takes longer than a small build.
	used bool
	// ready: it was read, so that builds only look things up in it.
	ready bool
}

// errOwnSchema ends a build that isn't alone and would set the schema.
var errOwnSchema = errors.New("a kustomization with an OpenAPI schema of its own")

// shareSchema lets a build run beside others, until unshare. Not if it is the
// process's first.
func shareSchema() bool {
	for {
		kustomizing.RLock()
		if schema.ready {
			return true
		}
		kustomizing.RUnlock()
		if !readSchema() {
			return false
		}
	}
}

// readSchema reads all of the schema. While that isn't done, builds look into
// its maps without a lock, and others write them (kyaml v0.21.2,
// openapi.IsNamespaceScoped and initSchema).
func readSchema() bool {
	kustomizing.Lock()
	defer kustomizing.Unlock()
	if !schema.used {
		return false
	}
	if !schema.ready {
		openapi.ResetOpenAPI()
		openapi.SchemaForResourceType(yaml.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"})
		schema.ready = true
	}
	return true
}

// ownSchema lets a build run alone.
func ownSchema() {
	kustomizing.Lock()
	schema.used = true
}

// resetSchema takes a schema of a kustomization's out of the process.
func resetSchema() {
	openapi.ResetOpenAPI()
	schema.ready = false
}
