package store

import (
	"fmt"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
)

// Annotation on a KES object names its store, as NAME or KIND/NAME. It is
// kesbridge's own and isn't carried over.
const Annotation = "kesbridge/store"

// RefError says that an annotation names no store.
type RefError struct{ Text string }

func (e *RefError) Error() string {
	return fmt.Sprintf("%q names no store: write NAME, SecretStore/NAME or ClusterSecretStore/NAME", e.Text)
}

// ParseRef reads NAME or KIND/NAME; kind is the one of a bare name.
func ParseRef(text, kind string) (eso.StoreRef, error) {
	ref := eso.StoreRef{Kind: kind, Name: text}
	if k, name, ok := strings.Cut(text, "/"); ok {
		ref = eso.StoreRef{Kind: k, Name: name}
	}
	if ref.Kind != "SecretStore" && ref.Kind != "ClusterSecretStore" || !config.IsObjectName(ref.Name) {
		return eso.StoreRef{}, &RefError{text}
	}
	return ref, nil
}

// pathOf is the `path` that a rule says a store has.
func (r *Resolver) pathOf(ref eso.StoreRef) string {
	for _, one := range r.Rules {
		kind := one.Store.Kind
		if kind == "" {
			kind = config.DefaultStoreKind
		}
		if one.Store.Name == ref.Name && kind == ref.Kind {
			return one.Store.Path
		}
	}
	return ""
}
