package kes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/spelling"
)

// LastApplied is kubectl's copy of the manifest in a live export.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// IsKES reports whether an object is a KES ExternalSecret, whatever version
// it claims.
func IsKES(ref manifest.Ref) bool { return ref.Group == Group && ref.Kind == Kind }

// Decode reads a KES ExternalSecret. Where the findings hold an error the
// object must not be converted: what is missing or wrong is left zero.
func Decode(o *manifest.Object) (*ExternalSecret, manifest.Findings) {
	d := &decoder{o: o, ref: o.Ref}
	es := &ExternalSecret{Ref: o.Ref, Pos: o.Pos}
	if o.Ref.Version != Version {
		d.report(rule.UnknownVersion, o.Node, "apiVersion %s was never served by KES, which knows only %s/%s", o.Ref.APIVersion(), Group, Version)
	}
	var spec, descriptor *field
	named := false
	for _, f := range d.fields(o.Node, "") {
		switch f.key {
		case "apiVersion", "kind", "status":
		case "metadata":
			named = d.metadata(f, es)
		case "spec":
			spec = &f
		case "secretDescriptor":
			descriptor = &f
		default:
			d.unknownIn(f, "", []string{"metadata", "spec"})
		}
	}
	if !named {
		d.report(rule.MissingField, o.Node, "metadata.name is missing")
	}
	switch {
	case spec != nil:
		d.spec(*spec, "spec", &es.Spec)
	case descriptor != nil:
		d.report(rule.DeprecatedSpelling, descriptor.keyNode, "secretDescriptor is the old name of spec")
		d.spec(*descriptor, "secretDescriptor", &es.Spec)
	default:
		d.report(rule.MissingField, o.Node, "spec is missing")
	}
	return es, d.fs
}

// objectMeta are the fields of metav1.ObjectMeta; what is in none of
// Decode's uses is what a live export carries and is left behind.
var objectMeta = []string{
	"annotations", "creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers",
	"generateName", "generation", "labels", "managedFields", "name", "namespace", "ownerReferences",
	"resourceVersion", "selfLink", "uid",
}

func (d *decoder) metadata(f field, es *ExternalSecret) (named bool) {
	if !d.mapping(f.value, "metadata") {
		return true
	}
	for _, m := range d.fields(f.value, "metadata") {
		path := join("metadata", m.key)
		switch m.key {
		case "name":
			named = true
			said := len(d.fs)
			if d.str(m, path); es.Ref.Name == "" && len(d.fs) == said {
				d.report(rule.MissingField, m.keyNode, "metadata.name is empty")
			}
		case "namespace":
			d.str(m, path)
		case "labels":
			es.Labels = d.stringMap(m, path)
		case "annotations":
			es.Annotations = slices.DeleteFunc(d.stringMap(m, path), func(f manifest.Field) bool { return f.Key == LastApplied })
			d.hooks(m, es.Annotations)
		case "generateName":
			d.report(rule.MissingField, m.keyNode, "metadata.generateName makes another object at each apply; a Secret needs metadata.name")
			named = true
		default:
			d.unknownIn(m, "metadata", objectMeta)
		}
	}
	return named
}

// hooks warns about hooked objects (facts: each sync deletes them anew).
func (d *decoder) hooks(f field, annotations manifest.Map) {
	for _, key := range []string{"argocd.argoproj.io/hook", "helm.sh/hook"} {
		if v, ok := annotations.Get(key).(string); ok && v != "Skip" {
			d.report(rule.HookedObject, f.keyNode, "%s: %s: each sync deletes the object and with it its Secret, and makes both anew", key, v)
			return
		}
	}
}

// specFields are the properties of spec in the KES CRD.
var specFields = []string{
	"backendType", "controllerId", "data", "dataFrom", "dataFromWithOptions", "keyByName", "keyVaultName", "kvVersion",
	"projectId", "region", "roleArn", "template", "type", "vaultMountPoint", "vaultRole",
}

func (d *decoder) spec(f field, path string, s *Spec) {
	if !d.mapping(f.value, path) {
		return
	}
	s.pos = map[string]manifest.Pos{}
	var properties, template, oldType *field
	for _, m := range d.fields(f.value, path) {
		p := join(path, m.key)
		s.pos[m.key] = d.o.PosOf(m.value)
		switch m.key {
		case "backendType":
			s.Backend = d.backend(m, p)
		case "controllerId":
			s.ControllerID = d.str(m, p)
		case "vaultMountPoint":
			s.VaultMountPoint = d.str(m, p)
		case "vaultRole":
			s.VaultRole = d.str(m, p)
		case "kvVersion":
			s.KVVersion = d.kvVersion(m, p)
		case "keyVaultName":
			s.KeyVaultName = d.str(m, p)
		case "projectId":
			s.ProjectID = d.str(m, p)
		case "roleArn":
			s.RoleArn = d.str(m, p)
		case "region":
			s.Region = d.str(m, p)
		case "keyByName":
			s.KeyByName = d.boolean(m, p)
		case "dataFrom":
			s.DataFrom = d.dataFrom(m, p)
		case "dataFromWithOptions":
			s.DataFromWithOptions = d.withOptions(m, p)
		case "data":
			s.Data = d.data(m, p)
		case "properties":
			properties = &m
		case "type":
			oldType = &m
			s.Type = d.str(m, p)
		case "template":
			template = &m
		default:
			d.unknownIn(m, path, specFields)
		}
	}
	d.oldSpellings(path, s, properties, oldType)
	if template != nil {
		d.template(*template, path+".template", s)
	}
	if s.Type == "" {
		s.Type = "Opaque"
	}
	d.required(f, path, s)
}

func (d *decoder) oldSpellings(path string, s *Spec, properties, oldType *field) {
	if oldType != nil {
		d.report(rule.DeprecatedSpelling, oldType.keyNode, "%s.type is the old name of %s.template.type", path, path)
	}
	if properties == nil {
		return
	}
	// kv-backend.js: data = properties, so it counts only without data.
	if _, ok := s.pos["data"]; ok {
		d.report(rule.NoEffect, properties.keyNode, "%s.properties has no effect beside %s.data", path, path)
		return
	}
	d.report(rule.DeprecatedSpelling, properties.keyNode, "%s.properties is the old name of %s.data", path, path)
	s.pos["data"] = s.pos["properties"]
	s.Data = d.data(*properties, path+".properties")
}

func (d *decoder) required(f field, path string, s *Spec) {
	has := func(k string) bool { _, ok := s.pos[k]; return ok }
	if !has("backendType") {
		d.report(rule.MissingField, f.keyNode, "%s.backendType is missing", path)
	}
	if !has("data") && !has("dataFrom") && !has("dataFromWithOptions") {
		d.report(rule.MissingField, f.keyNode, "%s has none of data, dataFrom and dataFromWithOptions", path)
	}
	if s.Backend == AzureKeyVault && !has("keyVaultName") {
		d.report(rule.MissingField, f.keyNode, "%s.keyVaultName is missing, which azureKeyVault needs", path)
	}
}

func (d *decoder) backend(f field, path string) Backend {
	name := d.str(f, path)
	if name == "secretManager" {
		// config/index.js: backends.secretManager = secretsManagerBackend
		d.report(rule.DeprecatedSpelling, f.value, "backendType secretManager is the old name of secretsManager")
		return SecretsManager
	}
	if slices.Contains(Backends(), Backend(name)) {
		return Backend(name)
	}
	if _, isString := scalarString(f.value); !isString {
		return ""
	}
	hint := ""
	names := make([]string, 0, len(Backends()))
	for _, b := range Backends() {
		names = append(names, string(b))
	}
	if best := spelling.Closest(name, names); best != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", best)
	}
	d.report(rule.UnknownBackend, f.value, "backendType %q is none of KES's%s: the API server refuses the object, so KES never saw it", name, hint)
	return ""
}

func scalarString(n *yaml.Node) (string, bool) {
	v, ok := scalar(n)
	s, isString := v.(string)
	return s, ok && isString
}

func (d *decoder) kvVersion(f field, path string) int {
	v, _ := scalar(f.value)
	if n, ok := v.(interface{ Int64() (int64, error) }); ok {
		if i, err := n.Int64(); err == nil {
			if i == 1 || i == 2 {
				return int(i)
			}
			d.report(rule.WrongType, f.value, "%s is %d, but the KES CRD allows 1 and 2: the API server refuses the object, so KES never saw it", path, i)
			return 0
		}
	}
	d.wrong(f.value, path, "an integer, 1 or 2")
	return 0
}

func (d *decoder) dataFrom(f field, path string) []Text {
	var out []Text
	for i, n := range d.list(f.value, path) {
		p := path + "[" + strconv.Itoa(i) + "]"
		out = append(out, d.text(field{value: n}, p, d.str))
	}
	return out
}

// unknownIn reports a field that isn't one of the known ones.
func (d *decoder) unknownIn(f field, path string, known []string) {
	if slices.Contains(known, f.key) {
		return
	}
	hint := ""
	if best := spelling.Closest(f.key, known); best != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", best)
	}
	at := path
	if at == "" {
		at = "the object"
	}
	d.report(rule.UnknownField, f.keyNode, "%s has no field %s%s: the API server pruned it, so it had no effect", at, strings.ToValidUTF8(f.key, "�"), hint)
}
