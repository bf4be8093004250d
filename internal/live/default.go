package live

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// fillDefaults writes the defaults of built-in types inside lists that are
// replaced whole, as Argo CD does on both sides of a diff with the API
// server's own functions (gitops-engine pkg/diff, applyPatch). Defaults
// elsewhere are kept by the merge.
func fillDefaults(gvk schema.GroupVersionKind, m map[string]any) {
	for _, d := range builtinDefaults[gvk.Group+"/"+gvk.Kind] {
		fill(m, strings.Split(d.path, "."), d.value, d.when)
	}
	prefix, ok := podSpecs[gvk.Group+"/"+gvk.Kind]
	if !ok {
		return
	}
	for _, d := range podDefaults {
		path := append(strings.Split(prefix, "."), strings.Split(d.path, ".")...)
		fill(m, path, d.value, nil)
	}
}

// defaultValue is what is written where a field is missing. A part of the path
// that ends in "[]" is a list; its parents must be there.
type defaultValue struct {
	path  string
	value any
	// when, if set, looks at the mapping that the field is missing in.
	when func(map[string]any) bool
}

const rbacGroup = "rbac.authorization.k8s.io"

var builtinDefaults = map[string][]defaultValue{
	"networking.k8s.io/NetworkPolicy": {
		{path: "spec.ingress[].ports[].protocol", value: "TCP"},
		{path: "spec.egress[].ports[].protocol", value: "TCP"},
	},
	"rbac.authorization.k8s.io/RoleBinding":        {{path: "subjects[].apiGroup", value: rbacGroup, when: isPerson}, {path: "roleRef.apiGroup", value: rbacGroup}},
	"rbac.authorization.k8s.io/ClusterRoleBinding": {{path: "subjects[].apiGroup", value: rbacGroup, when: isPerson}, {path: "roleRef.apiGroup", value: rbacGroup}},

	"admissionregistration.k8s.io/ValidatingWebhookConfiguration": webhookDefaults,
	"admissionregistration.k8s.io/MutatingWebhookConfiguration":   webhookDefaults,

	"/Service": {{path: "spec.ports[].protocol", value: "TCP"}},
}

var webhookDefaults = []defaultValue{{path: "webhooks[].rules[].scope", value: "*"}}

func isPerson(m map[string]any) bool { return m["kind"] == "User" || m["kind"] == "Group" }

// podSpecs are where pods are described.
var podSpecs = map[string]string{
	"/Pod": "spec", "/ReplicationController": "spec.template.spec", "/PodTemplate": "template.spec",
	"apps/Deployment": "spec.template.spec", "apps/ReplicaSet": "spec.template.spec", "apps/StatefulSet": "spec.template.spec", "apps/DaemonSet": "spec.template.spec",
	"batch/Job": "spec.template.spec", "batch/CronJob": "spec.jobTemplate.spec.template.spec",
}

var podDefaults = []defaultValue{
	{path: "volumes[].projected.sources[].serviceAccountToken.expirationSeconds", value: float64(3600)},
	{path: "volumes[].projected.sources[].downwardAPI.items[].fieldRef.apiVersion", value: "v1"},
	{path: "volumes[].downwardAPI.items[].fieldRef.apiVersion", value: "v1"},
	{path: "containers[].ports[].protocol", value: "TCP"},
	{path: "initContainers[].ports[].protocol", value: "TCP"},
	{path: "containers[].env[].valueFrom.fieldRef.apiVersion", value: "v1"},
	{path: "initContainers[].env[].valueFrom.fieldRef.apiVersion", value: "v1"},
}

// fill writes a value at a path where its parents are and it isn't.
func fill(m map[string]any, path []string, value any, when func(map[string]any) bool) {
	key, list := strings.CutSuffix(path[0], "[]")
	if len(path) == 1 {
		if v, ok := m[key]; (!ok || v == nil || v == "") && (when == nil || when(m)) {
			m[key] = value
		}
		return
	}
	if !list {
		if child, ok := m[key].(map[string]any); ok {
			fill(child, path[1:], value, when)
		}
		return
	}
	items, _ := m[key].([]any)
	for _, item := range items {
		if child, ok := item.(map[string]any); ok {
			fill(child, path[1:], value, when)
		}
	}
}
