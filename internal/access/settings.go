package access

import (
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// The variables that decide.
const (
	enforce           = "ENFORCE_NAMESPACE_ANNOTATIONS"
	watchedNamespaces = "WATCHED_NAMESPACES"
	instanceID        = "INSTANCE_ID"
	keyNameAnnotation = "NAMING_PERMITTED_ANNOTATION"
	roleAnnotation    = "ROLE_PERMITTED_ANNOTATION"
)

// The annotations that KES reads if its environment names no others
// (config/environment.js:43-44).
const (
	DefaultKeyName = "externalsecrets.kubernetes-client.io/permitted-key-name"
	DefaultRole    = "iam.amazonaws.com/permitted"
)

// Settings are what of KES's environment decides who may read what.
type Settings struct {
	// KeyName and Role are the names of the namespace annotations; empty: the
	// default ones.
	KeyName, Role string
	// Enforce: a namespace without annotations may read nothing.
	Enforce bool
	// Watched are the only namespaces that KES looks at; empty: all.
	Watched []string
	// Instance is INSTANCE_ID: KES serves the objects with this controllerId,
	// and those only.
	Instance string
	// Unknown are variables that decide and whose values aren't in Git; Places
	// says where variables are set, where that is known.
	Unknown []string
	Places  map[string]manifest.Pos
}

// SettingsOf reads KES's environment (config/environment.js:21, 43-45 and
// 52-60). c is what else Git tells of KES, or nil.
func SettingsOf(env map[string]string, c *kes.Controller) Settings {
	s := Settings{
		KeyName: env[keyNameAnnotation], Role: env[roleAnnotation],
		Watched: watched(env[watchedNamespaces]), Instance: env[instanceID],
	}
	// 'ENFORCE_NAMESPACE_ANNOTATIONS' in process.env: whatever its value.
	_, s.Enforce = env[enforce]
	if c == nil {
		return s
	}
	hidden := func(name string) bool {
		_, set := env[name]
		_, ref := c.Refs[name]
		return !set && (ref || slices.Contains(c.Plain, name))
	}
	s.Places = c.Places
	s.Enforce = s.Enforce || hidden(enforce)
	for _, name := range []string{keyNameAnnotation, roleAnnotation, watchedNamespaces} {
		if hidden(name) {
			s.Unknown = append(s.Unknown, name)
		}
	}
	return s
}

// watched splits as KES does, and sorts: each is watched for itself.
func watched(list string) []string {
	var out []string
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s Settings) keyName() string { return or(s.KeyName, DefaultKeyName) }
func (s Settings) role() string    { return or(s.Role, DefaultRole) }

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// Watches reports whether KES looks at a namespace (lib/external-secret.js:90-110).
func (s Settings) Watches(namespace string) bool {
	return len(s.Watched) == 0 || slices.Contains(s.Watched, namespace)
}

// Serves reports whether an object is this KES's (lib/daemon.js:71).
func (s Settings) Serves(controllerID string) bool { return controllerID == s.Instance }

// Class is spec.controller of the stores that this KES's objects use. ESO serves
// a store if its spec.controller is empty or its own --controller-class
// (pkg/controllers/secretstore ShouldProcessStore, v0.9.20-v2.9.0; "default"
// without the flag). KES with an INSTANCE_ID left alone what isn't its own, so
// an ESO for each KES keeps that: each has to be started with
// --controller-class=<INSTANCE_ID>, and without one a store with a class is
// served by nobody. The class of a store decides for all its users; the
// controllerId of an object isn't carried over.
func (s Settings) Class() string { return s.Instance }
