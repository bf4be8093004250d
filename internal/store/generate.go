package store

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/crd"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
)

// provider makes spec.provider of one backend.
type provider struct {
	// name is ESO's: spec.provider's only key.
	name string
	// credentials names the Secret that has to be made where KES has its
	// credentials from somewhere that ESO can't read.
	credentials string
	build       func(b *builder) manifest.Map
}

var providers = map[string]provider{
	"secretsManager":         {"aws", "kes-aws", buildAWS},
	"systemManager":          {"aws", "kes-aws", buildAWS},
	"vault":                  {"vault", "kes-vault", buildVault},
	"azureKeyVault":          {"azurekv", "kes-azure", buildAzure},
	"gcpSecretsManager":      {"gcpsm", "kes-gcp", buildGCP},
	"alicloudSecretsManager": {"alibaba", "kes-alicloud", buildAlibaba},
	"ibmcloudSecretsManager": {"ibm", "kes-ibm", buildIBM},
	"akeyless":               {"akeyless", "kes-akeyless", buildAkeyless},
}

// Generate makes the store that a request asks for, from what Git tells of
// KES. It is pure: the same request gives the same store. Nothing is guessed:
// what Git doesn't tell is in Unknown, and where the store can't be right
// without it there is no Object. No secret is ever in it.
//
// The object has every default that each release of the profile writes, and
// no field that one of them doesn't know: what the API server stores is what
// is printed.
//
// Credentials are read as KES read them, where ESO can: from KES's own Secrets
// and, in a ClusterSecretStore, as KES's own service account, so that nobody
// is allowed more than before. ESO's own identity serves every store without
// credentials, also one that somebody writes in a namespace of theirs.
func Generate(r Request) Generated {
	b := &builder{Request: r, out: Generated{Ref: r.Ref, Namespace: r.Namespace, Need: r.Need.Normal()}}
	b.Need = b.out.Need
	b.cluster = r.Ref.Kind == "ClusterSecretStore"
	if b.cluster {
		b.out.Namespace = ""
	}
	p, ok := providers[b.Need.Backend]
	if !ok {
		b.unknown("spec.provider", true, "KES has no backend %q", b.Need.Backend)
		return b.out
	}
	b.path, b.credentials = "spec.provider."+p.name, p.credentials
	if !r.Profile.HasProvider(p.name) {
		b.unknown(b.path, true, "%s", missing(p.name, r.Profile))
		return b.out
	}
	body := p.build(b)
	b.doubt()
	b.proxies()
	object := b.object(p.name, body)
	if !slices.ContainsFunc(b.out.Unknown, func(u Unknown) bool { return u.Required }) {
		b.check(object)
	}
	if !slices.ContainsFunc(b.out.Unknown, func(u Unknown) bool { return u.Required }) {
		b.out.Object = object
	}
	return b.out
}

// missing says that a provider isn't in the profile.
func missing(name string, p eso.Profile) string {
	oldest, newest := p.Span()
	if v := p.Version(); v != "" {
		return "ESO " + v + " has no provider " + name
	}
	return "not every ESO from " + oldest + " to " + newest + " has a provider " + name + "; say which is installed (esoVersion)"
}

// object puts the store together.
func (b *builder) object(provider string, body manifest.Map) manifest.Map {
	meta := manifest.Map{{Key: "name", Value: b.Ref.Name}}
	if b.out.Namespace != "" {
		meta.Set("namespace", b.out.Namespace)
	}
	var spec manifest.Map
	if b.Class != "" {
		spec.Set("controller", b.Class)
	}
	if b.cluster && b.Namespaces != nil {
		if len(b.Namespaces) == 0 {
			b.unknown("spec.conditions", true, "no namespace may use the store")
		}
		spec.Set("conditions", []any{manifest.Map{{Key: "namespaces", Value: slices.Clone(b.Namespaces)}}})
	}
	spec.Set("provider", manifest.Map{{Key: provider, Value: body}})
	return manifest.Map{
		{Key: "apiVersion", Value: b.Profile.APIVersion()},
		{Key: "kind", Value: b.Ref.Kind},
		{Key: "metadata", Value: meta},
		{Key: "spec", Value: spec},
	}
}

// check holds the object against the CRDs of the profile's oldest and newest
// release: what stands in Git needn't be what a CRD allows.
func (b *builder) check(object manifest.Map) {
	var doc yaml.Node
	if err := yaml.Unmarshal(manifest.PrintYAML(object), &doc); err != nil || len(doc.Content) != 1 {
		b.unknown("spec", true, "the store can't be written as YAML: %v", err)
		return
	}
	group, version := eso.Group, b.Profile.APIVersion()[len(eso.Group)+1:]
	o := &manifest.Object{Node: doc.Content[0], Ref: manifest.Ref{Group: group, Version: version, Kind: b.Ref.Kind, Namespace: b.out.Namespace, Name: b.Ref.Name}}
	oldest, newest := b.Profile.Span()
	var seen []string
	for _, release := range []string{oldest, newest} {
		set, _ := crd.For(release)
		for _, p := range set.Check(o) {
			if text := p.String(); !slices.Contains(seen, text) {
				seen = append(seen, text)
				b.unknown(p.Path, true, "%s (the CRD of ESO %s)", p.Message, set.Releases()[0])
			}
		}
	}
}

// unknown notes what Git doesn't tell.
func (b *builder) unknown(path string, required bool, format string, args ...any) {
	b.out.Unknown = append(b.out.Unknown, Unknown{Path: path, Text: fmt.Sprintf(format, args...), Required: required})
}

// grant notes what ESO has to be allowed.
func (b *builder) grant(format string, args ...any) {
	b.out.Grants = append(b.out.Grants, fmt.Sprintf(format, args...))
}
