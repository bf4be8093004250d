package access

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// expressions writes the policy's CEL.
type expressions struct {
	p                         Policy
	patterns, backends, roles celTable
}

func (p Policy) expressions() *expressions {
	t := p.tables()
	return &expressions{p, tableOf("patterns", t.patterns, quote), tableOf("backends", t.backends, quote), tableOf("roles", t.roles, celList)}
}

// never is RE2 for what nothing matches.
const never = `[^\x{0}-\x{10FFFF}]`

func (e *expressions) variables() []any {
	s := e.p.Settings
	v := func(name, expression string) any {
		return manifest.Map{{Key: "name", Value: name}, {Key: "expression", Value: expression}}
	}
	annotation := func(name string) string {
		return fmt.Sprintf(`has(namespaceObject.metadata.annotations) && %[1]s in namespaceObject.metadata.annotations ? namespaceObject.metadata.annotations[%[1]s] : ""`, quote(name))
	}
	const list = `(has(object.spec.%[1]s) ? object.spec.%[1]s : [])`
	const override = `has(d.sourceRef) && has(d.sourceRef.storeRef)`
	item := func(ref string) string {
		return fmt.Sprintf(`[%s ? %s : variables.store, %s, %s]`, override, celStore("d.sourceRef.storeRef"), celText("d."+ref+".key"), celText("d."+ref+".version"))
	}
	// The annotations of the live namespace, and what they mean.
	out := []any{v("naming", annotation(s.keyName())), v("permitted", annotation(s.role()))}
	for i, part := range e.patterns.parts {
		out = append(out, v(e.patterns.variable(i), part))
	}
	out = append(out,
		v("namingPattern", e.patterns.get("variables.naming", quote(never))),
		v("permittedPattern", e.patterns.get("variables.permitted", quote(never))))
	// The stores that took KES's place.
	for _, t := range []celTable{e.backends, e.roles} {
		for i, part := range t.parts {
			out = append(out, v(t.variable(i), part))
		}
	}
	return append(out,
		// What the object asks for.
		v("data", fmt.Sprintf(list, "data")),
		v("dataFrom", fmt.Sprintf(list, "dataFrom")),
		v("store", `has(object.spec.secretStoreRef) ? `+celStore("object.spec.secretStoreRef")+` : ""`),
		v("used", `(variables.store == "" ? [] : [variables.store]) + (variables.data + variables.dataFrom).filter(d, `+override+`).map(d, `+celStore("d.sourceRef.storeRef")+`)`),
		v("reads", `variables.data.map(d, `+item("remoteRef")+`) + variables.dataFrom.filter(d, has(d.extract)).map(d, `+item("extract")+`)`),
		v("finds", `variables.dataFrom.filter(d, has(d.find)).map(d, [`+override+` ? `+celStore("d.sourceRef.storeRef")+` : variables.store, `+celText("d.find.path")+`, has(d.find.tags) ? "tags" : ""])`),
		// The texts that KES would have compared; one of each list has to match.
		v("texts", e.texts()))
}

// backend is what the store of a read or find r reads from.
func (e *expressions) backend() string { return "(" + e.backends.get("r[0]", `""`) + ")" }

// texts are the ways in which a KES object names what an ESO object reads
// (package convert turns the one into the other, by backend): IBM's keys have
// gained a type and perhaps a group, Vault's have lost a leading slash and
// their version, paths a slash at their end.
func (e *expressions) texts() string {
	backend := e.backend()
	version := `(r[2] == "" ? "" : "?version=" + r[2])`
	return `variables.reads.map(r, ` +
		backend + fmt.Sprintf(` in [%q, %q] ? [r[1] + %[3]s, "/" + r[1] + %[3]s] : `, vaultKV1, vaultKV2, version) +
		backend + fmt.Sprintf(` == %q ? [r[1].substring(r[1].lastIndexOf("/") + 1)] : [r[1]])`, kes.IBMCloudSecretsManager) +
		` + variables.finds.map(r, r[1].endsWith("/") ? [r[1]] : [r[1], r[1] + "/"])`
}

func (e *expressions) validations() []any {
	s := e.p.Settings
	free := `variables.naming == ""`
	if s.Enforce {
		free = "false"
	}
	backend := e.backend()
	one := func(expression, message, dynamic string) any {
		m := manifest.Map{{Key: "expression", Value: expression}, {Key: "message", Value: message}}
		if dynamic != "" {
			m.Set("messageExpression", dynamic)
		}
		return m
	}
	out := []any{
		one(free+` || `+e.patterns.has("variables.naming"),
			fmt.Sprintf("the annotation %s of the namespace is missing, is no regular expression, or is not one that this policy was made for (kesbridge stores --admission-policy makes it anew)", s.keyName()), ""),
		one(`variables.naming == "" || variables.texts.all(t, t.exists(x, x.matches(variables.namingPattern)))`,
			"a key does not match the annotation "+s.keyName()+" of the namespace",
			`"not permitted by the annotation `+s.keyName()+` of the namespace: " + variables.texts.filter(t, !t.exists(x, x.matches(variables.namingPattern))).map(t, t[0]).join(", ")`),
		one(`variables.naming == "" || variables.finds.all(r, `+backend+fmt.Sprintf(` == %q`, kes.SystemManager)+` && r[1] != "" && r[2] == "")`,
			"in a namespace with the annotation "+s.keyName()+" find needs a path, no tags, and a store of AWS's parameter store that took KES's place", ""),
		one(`variables.naming == "" || variables.reads.all(r, `+
			backend+fmt.Sprintf(` != %q || r[1].contains("/data/")) && variables.reads.all(r, !(`, vaultKV2)+
			backend+fmt.Sprintf(` in ["", %q, %q]) || !r[1].matches(%s))`, vaultKV1, vaultKV2, quote(dotSegment)),
			"in a namespace with the annotation "+s.keyName()+" a key of Vault is written as it is read: with /data/ for a kv version 2 mount, and without . and .. between slashes", ""),
		one(`variables.used.all(s, `+e.roles.with("s", `.all(r, `+e.role()+`)`, e.unknown())+`)`,
			"the annotation "+s.role()+" of the namespace does not permit the role of the store, or nothing tells what role the store has", ""),
		one(fmt.Sprintf(`%s && variables.permitted == "" || !(variables.data + variables.dataFrom).exists(d, has(d.sourceRef) && has(d.sourceRef.generatorRef))`, free),
			"a generator is nothing that the annotations of the namespace can permit", ""),
	}
	if len(s.Watched) > 0 {
		out = append(out, one(fmt.Sprintf(`request.namespace in %s || !variables.used.exists(s, %s)`, celList(s.Watched), e.roles.has("s")),
			"the namespace is none of those that KES watched, so its stores are not for it", ""))
	}
	return out
}

// role decides about one role r of a store.
func (e *expressions) role() string {
	none := "true"
	if e.p.Settings.Enforce {
		none = "false"
	}
	return `variables.permitted == "" ? ` + none + ` : r.matches(variables.permittedPattern)`
}

// unknown decides about a store that isn't KES's: its role could be any.
func (e *expressions) unknown() string {
	if e.p.Settings.Enforce {
		return "false"
	}
	return `variables.permitted == ""`
}

// celStore names the store of a reference as storeKey does; a kind that isn't
// ClusterSecretStore is SecretStore to ESO.
func celStore(ref string) string {
	return fmt.Sprintf(`(has(%[1]s.kind) && %[1]s.kind == "ClusterSecretStore" ? "ClusterSecretStore/" : "SecretStore/" + request.namespace + "/") + (%[2]s)`, ref, celText(ref+".name"))
}

// celText is a field that may be missing: "" then.
func celText(field string) string {
	return fmt.Sprintf(`has(%[1]s) ? string(%[1]s) : ""`, field)
}

// celTable is a map of strings to something, in as many variables as it takes:
// no expression may be longer than maxExpression.
type celTable struct {
	name  string
	parts []string
}

// maxPart leaves room for what is around it.
const maxPart = maxExpression / 2

func tableOf[V any](name string, m map[string]V, value func(V) string) celTable {
	t := celTable{name: name}
	var entries []string
	size := 0
	flush := func() {
		t.parts = append(t.parts, "{"+strings.Join(entries, ", ")+"}")
		entries, size = nil, 0
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		entry := quote(k) + ": " + value(m[k])
		if size += len(entry) + 2; size > maxPart && len(entries) > 0 {
			flush()
			size = len(entry) + 2
		}
		entries = append(entries, entry)
	}
	if len(entries) > 0 || len(t.parts) == 0 {
		flush()
	}
	return t
}

func (t celTable) variable(i int) string {
	if i == 0 {
		return t.name
	}
	return t.name + strconv.Itoa(i+1)
}

// has asks for a key.
func (t celTable) has(key string) string {
	var parts []string
	for i := range t.parts {
		parts = append(parts, key+" in variables."+t.variable(i))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " || ") + ")"
}

// get is the value at a key, or another one.
func (t celTable) get(key, otherwise string) string { return t.with(key, "", otherwise) }

// with puts something behind the value.
func (t celTable) with(key, behind, otherwise string) string {
	var b strings.Builder
	for i := range t.parts {
		fmt.Fprintf(&b, "%[1]s in variables.%[2]s ? variables.%[2]s[%[1]s]%[3]s : ", key, t.variable(i), behind)
	}
	return b.String() + otherwise
}

func celList(list []string) string {
	var parts []string
	for _, v := range list {
		parts = append(parts, quote(v))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// quote writes a string of CEL: raw where that says it, as people read
// expressions easier then.
func quote(s string) string {
	plain := true
	for _, c := range s {
		plain = plain && c >= ' ' && c <= '~' && c != '"'
	}
	switch {
	case plain && strings.Contains(s, `\`) && !strings.HasSuffix(s, `\`):
		return `r"` + s + `"`
	case plain && !strings.Contains(s, `\`):
		return `"` + s + `"`
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c >= ' ' && c <= '~':
			b.WriteRune(c)
		default:
			fmt.Fprintf(&b, `\U%08X`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
