package store

import (
	"net/url"
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// builder makes one store.
type builder struct {
	Request
	out Generated
	// cluster: a ClusterSecretStore, which names namespaces.
	cluster bool
	// path is spec.provider.NAME.
	path        string
	credentials string
	// doubts are variables that KES may have from where Git doesn't tell.
	doubts []string
}

// text is a field's value that has to stand in Git as text: what the resource
// says, else a variable. Without it there is no store.
func (b *builder) text(field, given, name string) string {
	if given != "" {
		return given
	}
	v := b.look(name)
	if v.value == "" {
		b.unknown(b.path+"."+field, true, "%s", b.where(v))
	}
	return v.value
}

// address checks a URL that is to be printed; no password goes with it.
func (b *builder) address(field, name, text string) string {
	if u, err := url.Parse(text); text != "" && (err != nil || u.User != nil) {
		b.unknown(b.path+"."+field, true, "%s of KES is no URL that can be printed", name)
		return ""
	}
	return text
}

// doubt notes the variables that may be set all the same.
func (b *builder) doubt() {
	if len(b.doubts) > 0 {
		b.unknown(b.path, false, "Git doesn't tell whether KES has %s (%s)", strings.Join(b.doubts, ", "), b.open())
	}
}

// proxies notes what no store has a field for.
func (b *builder) proxies() {
	var names []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		if b.look(name).set() {
			names = append(names, name)
		}
	}
	if names != nil {
		b.unknown(b.path, false, "KES has %s, which is no field of a store: set it for ESO's Deployment where the backend is behind it", strings.Join(names, ", "))
	}
}

// setDefault adds a default that every release of the profile writes.
func (b *builder) setDefault(m *manifest.Map, field string) {
	switch v := b.Profile.StoreDefault(b.path + "." + field); v {
	case "":
	case "true", "false":
		m.Set(field, v == "true")
	default:
		m.Set(field, v)
	}
}

// selector is a reference to the key of a Secret that has a variable's value:
// KES's own, or one that has to be made.
func (b *builder) selector(field string, v variable) manifest.Map {
	key := v.key
	var text string
	switch {
	case !v.plain && key.Kind == "Secret":
	case v.plain:
		text = "the value of " + v.name + ", which stands in Git in plain text" + at(v.pos) + "; whoever reads the repository has it, so change it first"
	case v.value != "":
		text = "the value of " + v.name + " of KES" + at(v.pos) + ", which ESO takes from a Secret only"
	case v.hidden != "":
		text = "the value of " + v.name + " of KES" + at(v.pos)
	case key.Kind == "ConfigMap":
		text = "the value of key " + key.Key + " of ConfigMap " + key.Name + " (" + v.name + " of KES), which ESO takes from a Secret only"
	}
	if text != "" || key.Name == "" {
		key = kes.Key{Kind: "Secret", Name: b.credentials, Key: v.name}
	}
	return b.secret(field, key, text)
}

func at(p manifest.Pos) string {
	if p.IsZero() {
		return ""
	}
	return " (" + p.String() + ")"
}

// secret is a reference to a key of a Secret, to be made with what text says
// unless that is empty.
func (b *builder) secret(field string, key kes.Key, text string) manifest.Map {
	ns := b.namespaceFor(field, "Secret "+key.Name)
	where := "in the store's namespace"
	if ns != "" {
		where = "in namespace " + ns
	}
	from := b.kesNamespace()
	switch {
	case text != "":
		b.unknown(b.path+"."+field, false, "make Secret %s %s with key %s: %s", key.Name, where, key.Key, text)
	case !b.cluster && (ns == "" || ns != from):
		text = "a copy of key " + key.Key + " of KES's Secret " + key.Name
		if from != "" {
			text += " in namespace " + from
		}
		b.unknown(b.path+"."+field, false, "make Secret %s %s with key %s: %s, since a SecretStore reads its own namespace", key.Name, where, key.Key, text)
	case ns != "":
		b.keep("Secret " + key.Name)
	}
	b.out.Secrets = append(b.out.Secrets, SecretKey{Namespace: ns, Name: key.Name, Key: key.Key, Make: text})
	m := manifest.Map{{Key: "name", Value: key.Name}, {Key: "key", Value: key.Key}}
	if b.cluster && ns != "" {
		m.Set("namespace", ns)
	}
	return m
}

// keep notes what the store needs and a removal of KES would take along.
func (b *builder) keep(what string) {
	text := "keep " + what + " in namespace " + b.kesNamespace() + " when KES is removed: the store needs it"
	if !slices.Contains(b.out.Grants, text) {
		b.out.Grants = append(b.out.Grants, text)
	}
}

func (b *builder) kesNamespace() string {
	if b.KES == nil {
		return ""
	}
	return b.KES.Namespace
}

// namespaceFor is where a store reads its credentials: a SecretStore in its
// own namespace, a ClusterSecretStore where KES did. Without a namespace ESO
// would look in that of each ExternalSecret.
func (b *builder) namespaceFor(field, what string) string {
	if !b.cluster {
		return b.Namespace
	}
	ns := b.kesNamespace()
	if ns == "" {
		b.unknown(b.path+"."+field+".namespace", true, "the namespace of KES, where %s is: its file doesn't tell", what)
	}
	return ns
}

// account is KES's service account, as a reference; ok where the store can
// name it: a ClusterSecretStore, or a SecretStore in KES's own namespace.
func (b *builder) account() (ref manifest.Map, name string, ok bool) {
	ns := b.kesNamespace()
	if ns == "" || !b.cluster && b.Namespace != ns {
		return nil, "", false
	}
	sa := b.accountName()
	if sa == "" {
		return nil, "", false
	}
	ref = manifest.Map{{Key: "name", Value: sa}}
	if b.cluster {
		ref.Set("namespace", ns)
	}
	return ref, sa, true
}

// useAccount notes what a store needs that acts as KES's service account.
func (b *builder) useAccount(field, name string) {
	if name != "default" {
		b.keep("ServiceAccount " + name)
	}
	b.grant("ESO must be allowed to create tokens for ServiceAccount %s in namespace %s (create serviceaccounts/token, which its chart grants): %s.%s",
		name, b.kesNamespace(), b.path, field)
}

// whose names KES's service account in words.
func (b *builder) whose() string {
	ns := b.kesNamespace()
	if ns == "" {
		return "the service account of KES"
	}
	if name := b.accountName(); name != "" {
		return "system:serviceaccount:" + ns + ":" + name
	}
	return "the service account of KES in namespace " + ns
}

// accountName is empty where only the name of KES's Helm release tells.
func (b *builder) accountName() string {
	if b.KES.ServiceAccount.Derived {
		return ""
	}
	return first(b.KES.ServiceAccount.Name, "default")
}

// ambient notes that the store has no credentials of its own.
func (b *builder) ambient() {
	b.grant("the store acts as ESO itself: what ESO's identity may read, every store without credentials reads, also one that somebody makes in a namespace of theirs")
}
