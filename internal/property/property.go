// Package property turns the `property` of a kubernetes-external-secrets data
// item, a lodash path, into the one of External Secrets Operator, a gjson path,
// so that both read the same value of a secret's JSON document.
//
// KES 8.5.5 (lib/backends/kv-backend.js:50-70) calls _.hasIn and _.get on the
// parsed document: a literal top-level key first, then the path. Each ESO
// provider has an order of its own, see [Provider]. Where no path reads the same
// in every document, [Path.Notes] say in which documents it differs.
//
// A document here is valid JSON without repeated keys. Whatever the property, the
// two differ where that fails: of a repeated key lodash sees the last value and
// gjson 1.18.0 the first; text that isn't JSON makes KES leave the item out, while
// gjson may find something in it; and in a document that is one JSON string gjson
// starts at the first brace, even inside the string, where KES fails.
package property

import (
	"fmt"
	"strings"

	"kesbridge/internal/lodash"
)

// Provider is an ESO provider, as far as it reads a property its own way.
type Provider string

// The providers. How each looks a property up was read in ESO v2.9.0 (Alibaba:
// v1.3.2) and in v0.9.20, and is the same; gjson was 1.17.1 then, which reads what
// we write as 1.18.0 does.
const (
	// AWS is Secrets Manager (secretsmanager.go, escapeDotsIfRequired) and
	// Parameter Store (parameterstore.go, GetSecret): with all dots escaped, if
	// there are any, then as given.
	AWS Provider = "aws"
	// GCP (secretmanager/client.go, getDataByProperty) is AWS, but doesn't
	// escape where the first character is a dot.
	GCP Provider = "gcp"
	// Azure (keyvault.go, getProperty): as given, then with all dots escaped.
	Azure Provider = "azure"
	// Vault (client_get.go, getSecretValue): as a top-level key without any
	// syntax, then as given.
	Vault Provider = "vault"
	// IBM is a kv secret (ibm/provider.go, getKVOrCustomCredentialsSecret), below
	// its payload: as GCP. The other IBM types name fields, not paths.
	IBM Provider = "ibm"
	// Akeyless (akeyless.go, GetSecret): as AWS.
	Akeyless Provider = "akeyless"
	// Alibaba (kms.go, GetSecret): as given, nothing else.
	Alibaba Provider = "alibaba"
)

// Path is a translated property.
type Path struct {
	// ESO is what remoteRef.property must say. It is never empty.
	ESO string
	// Notes say in which documents KES and ESO read differently; empty if in none.
	// At most one of each kind, in the order of the kinds.
	Notes []Note
}

// Error says why a property has no form that ESO could read.
type Error struct {
	Provider Provider
	Property string
	Reason   Reason
}

// Reason is the cause of an Error.
type Reason int

const (
	// EmptyKey: KES reads the key "", and an empty remoteRef.property stands for
	// the whole value. That is `property: ""`, and `[""]`.
	EmptyKey Reason = iota + 1
	// LeadingEmptyKeys: the path starts with two empty keys, `[""][""].a`. In gjson
	// that would be "..a", which reads JSON lines.
	LeadingEmptyKeys
	// NotBelow: the path doesn't lead below the container, see [TranslateBelow].
	NotBelow
)

func (e *Error) Error() string {
	why := "ESO can't read it"
	switch e.Reason {
	case EmptyKey:
		why = `KES reads the key "", for ESO an empty property means the whole value`
	case LeadingEmptyKeys:
		why = "a gjson path can't start with two empty keys"
	case NotBelow:
		why = "it doesn't lead to a value inside the secret's payload"
	}
	return fmt.Sprintf("translate property %q for %s: %s", e.Property, e.Provider, why)
}

// Translate gives the ESO property for a KES property. The error, if any, is an
// *Error.
func Translate(p Provider, property string) (Path, error) {
	segments := lodashSegments(property)
	if onlyLiteral(property, segments) {
		segments = []string{property}
	}
	return translate(p, property, kesLookups(property), segments)
}

// TranslateBelow is Translate for a provider that hands out only what is below
// the top-level key container, where KES hands out the whole document: IBM kv,
// with container "payload" (KES's ibmcloud-secrets-manager-backend.js:65-69).
// lodash looks literal keys up at the top only, so what is below is nothing but
// a path: Translate of the rest would be wrong.
func TranslateBelow(p Provider, container, property string) (Path, error) {
	segments := lodashSegments(property)
	if len(segments) < 2 || segments[0] != container {
		return Path{}, &Error{p, property, NotBelow}
	}
	return translate(p, property, []lookup{segments[1:]}, segments[1:])
}

// translate writes segments for the provider; kes is what they have to equal.
func translate(p Provider, property string, kes []lookup, segments []string) (Path, error) {
	switch {
	case len(segments) == 1 && segments[0] == "":
		return Path{}, &Error{p, property, EmptyKey}
	case len(segments) > 2 && segments[0] == "" && segments[1] == "":
		return Path{}, &Error{p, property, LeadingEmptyKeys}
	}
	eso := join(segments)
	if p == Vault && plainForVault(property, segments) {
		eso = strings.Join(segments, ".")
	}
	return Path{ESO: eso, Notes: notes(property, kes, esoLookups(p, eso))}, nil
}

// plainForVault: Vault tries the text itself as a key first. Unescaped it is
// exactly what KES looks up, unless gjson would read more into it than lodash
// does; of a single key gjson matters only where the key is absent.
func plainForVault(property string, segments []string) bool {
	if len(segments) == 1 {
		return true
	}
	plain, ok := gjsonSegments(property)
	return ok && plain.equal(segments) && strings.Join(segments, ".") == property
}

// lodashSegments gives the path that KES follows if no literal key matches; a
// single segment if it doesn't split.
func lodashSegments(property string) []string {
	if lodash.IsKey(property) {
		return []string{property}
	}
	return lodash.Path(property)
}

// onlyLiteral reports whether the property can only have been meant as a literal
// key: a leading, trailing or double dot, or "[]", makes an empty segment. KES
// would follow it too, through a key "", which is worth a note and no more. An
// explicit [""] is a path.
func onlyLiteral(property string, segments []string) bool {
	if len(segments) == 0 {
		return true
	}
	if strings.Contains(property, `[""]`) || strings.Contains(property, `['']`) {
		return false
	}
	for _, s := range segments {
		if s == "" {
			return true
		}
	}
	return false
}
