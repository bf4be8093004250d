package live

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// fillDefaults writes the defaults of built-in types on both sides of a diff,
// as Argo CD does with the API server's own functions (gitops-engine pkg/diff,
// applyPatch): those inside lists that are replaced whole, and those that
// manifests often say and then no longer. What isn't here is shown as a change
// where the last applied manifest had it and the target doesn't.
func fillDefaults(gvk schema.GroupVersionKind, m map[string]any) {
	kind := gvk.Group + "/" + gvk.Kind
	for _, d := range builtinDefaults[kind] {
		fill(m, strings.Split(d.path, "."), d)
	}
	prefix, ok := podSpecs[kind]
	if !ok {
		return
	}
	for _, d := range podDefaults() {
		fill(m, append(strings.Split(prefix, "."), strings.Split(d.path, ".")...), d)
	}
}

// defaultValue is what is written where a field is missing. A part of the path
// that ends in "[]" is a list; its parents must be there.
type defaultValue struct {
	path  string
	value any
	// when, if set, looks at the mapping that the field is missing in; of gives
	// the value from it.
	when func(map[string]any) bool
	of   func(map[string]any) any
}

const rbacGroup = "rbac.authorization.k8s.io"

var builtinDefaults = map[string][]defaultValue{
	"networking.k8s.io/NetworkPolicy": {
		{path: "spec.ingress[].ports[].protocol", value: "TCP"},
		{path: "spec.egress[].ports[].protocol", value: "TCP"},
		{path: "spec.policyTypes", of: policyTypes, when: isPolicy},
	},
	"rbac.authorization.k8s.io/RoleBinding":        bindingDefaults,
	"rbac.authorization.k8s.io/ClusterRoleBinding": bindingDefaults,

	"admissionregistration.k8s.io/ValidatingWebhookConfiguration": webhookDefaults,
	"admissionregistration.k8s.io/MutatingWebhookConfiguration":   webhookDefaults,

	"/Service": {
		{path: "spec.ports[].protocol", value: "TCP"},
		{path: "spec.type", value: "ClusterIP"},
		{path: "spec.sessionAffinity", value: "None"},
		{path: "spec.ports[].targetPort", of: func(m map[string]any) any { return m["port"] }},
	},
	"/Secret":                {{path: "type", value: "Opaque"}},
	"/PersistentVolumeClaim": {{path: "spec.volumeMode", value: "Filesystem"}},
	"apps/Deployment": {
		{path: "spec.replicas", value: 1.0},
		{path: "spec.revisionHistoryLimit", value: 10.0},
		{path: "spec.progressDeadlineSeconds", value: 600.0},
		{path: "spec.strategy.type", value: "RollingUpdate"},
	},
	"apps/StatefulSet": {
		{path: "spec.replicas", value: 1.0},
		{path: "spec.revisionHistoryLimit", value: 10.0},
		{path: "spec.podManagementPolicy", value: "OrderedReady"},
	},
	"apps/DaemonSet": {{path: "spec.revisionHistoryLimit", value: 10.0}},
	"batch/CronJob": {
		{path: "spec.concurrencyPolicy", value: "Allow"},
		{path: "spec.suspend", value: false},
		{path: "spec.successfulJobsHistoryLimit", value: 3.0},
		{path: "spec.failedJobsHistoryLimit", value: 1.0},
	},
}

var (
	bindingDefaults = []defaultValue{{path: "subjects[].apiGroup", value: rbacGroup, when: isPerson}, {path: "roleRef.apiGroup", value: rbacGroup}}
	webhookDefaults = []defaultValue{{path: "webhooks[].rules[].scope", value: "*"}}
)

func isPerson(m map[string]any) bool { return m["kind"] == "User" || m["kind"] == "Group" }

func isPolicy(m map[string]any) bool { return m["podSelector"] != nil }

func policyTypes(m map[string]any) any {
	out := []any{"Ingress"}
	if egress, _ := m["egress"].([]any); len(egress) > 0 {
		out = append(out, "Egress")
	}
	return out
}

// podSpecs are where pods are described.
var podSpecs = map[string]string{
	"/Pod": "spec", "/ReplicationController": "spec.template.spec", "/PodTemplate": "template.spec",
	"apps/Deployment": "spec.template.spec", "apps/ReplicaSet": "spec.template.spec", "apps/StatefulSet": "spec.template.spec", "apps/DaemonSet": "spec.template.spec",
	"batch/Job": "spec.template.spec", "batch/CronJob": "spec.jobTemplate.spec.template.spec",
}

// podDefaults are those of a PodSpec (k8s.io/kubernetes 1.33,
// pkg/apis/core/v1/defaults.go).
func podDefaults() []defaultValue {
	out := []defaultValue{
		{path: "dnsPolicy", value: "ClusterFirst"},
		{path: "schedulerName", value: "default-scheduler"},
		{path: "terminationGracePeriodSeconds", value: 30.0},
		{path: "volumes[].configMap.defaultMode", value: 420.0},
		{path: "volumes[].secret.defaultMode", value: 420.0},
		{path: "volumes[].projected.defaultMode", value: 420.0},
		{path: "volumes[].projected.sources[].serviceAccountToken.expirationSeconds", value: 3600.0},
		{path: "volumes[].projected.sources[].downwardAPI.items[].fieldRef.apiVersion", value: "v1"},
		{path: "volumes[].downwardAPI.items[].fieldRef.apiVersion", value: "v1"},
		{path: "restartPolicy", value: "Always"},
	}
	for _, list := range []string{"containers[].", "initContainers[]."} {
		out = append(out,
			defaultValue{path: list + "ports[].protocol", value: "TCP"},
			defaultValue{path: list + "env[].valueFrom.fieldRef.apiVersion", value: "v1"},
			defaultValue{path: list + "terminationMessagePath", value: "/dev/termination-log"},
			defaultValue{path: list + "terminationMessagePolicy", value: "File"},
			defaultValue{path: list + "imagePullPolicy", of: pullPolicy},
		)
		for _, probe := range []string{"livenessProbe.", "readinessProbe.", "startupProbe."} {
			out = append(out,
				defaultValue{path: list + probe + "timeoutSeconds", value: 1.0},
				defaultValue{path: list + probe + "periodSeconds", value: 10.0},
				defaultValue{path: list + probe + "successThreshold", value: 1.0},
				defaultValue{path: list + probe + "failureThreshold", value: 3.0},
				defaultValue{path: list + probe + "httpGet.scheme", value: "HTTP"},
				defaultValue{path: list + probe + "httpGet.path", value: "/"},
			)
		}
	}
	return out
}

// pullPolicy is Always for an image with the tag latest, or without tag and
// digest.
func pullPolicy(m map[string]any) any {
	image, _ := m["image"].(string)
	if image == "" {
		return nil
	}
	name, _, digest := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], "@")
	if _, tag, ok := strings.Cut(name, ":"); ok && tag == "latest" || !ok && !digest {
		return "Always"
	}
	return "IfNotPresent"
}

// fill writes a value at a path where its parents are and it isn't.
func fill(m map[string]any, path []string, d defaultValue) {
	key, list := strings.CutSuffix(path[0], "[]")
	if len(path) == 1 {
		if v, ok := m[key]; ok && v != nil && v != "" || d.when != nil && !d.when(m) {
			return
		}
		value := d.value
		if d.of != nil {
			value = d.of(m)
		}
		if value != nil {
			m[key] = value
		}
		return
	}
	if !list {
		if child, ok := m[key].(map[string]any); ok {
			fill(child, path[1:], d)
		}
		return
	}
	items, _ := m[key].([]any)
	for _, item := range items {
		if child, ok := item.(map[string]any); ok {
			fill(child, path[1:], d)
		}
	}
}
