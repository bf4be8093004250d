package cutover

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
)

// sample builds an object that has a name at the end of the steps.
func sample(steps []string, value string, beside map[string]any) any {
	if len(steps) == 0 {
		return value
	}
	rest := sample(steps[1:], value, beside)
	switch s := steps[0]; {
	case s == config.EachItem:
		return []any{7.0, rest}
	case s == config.AnyDepth:
		return map[string]any{"deep": []any{rest}}
	default:
		m := map[string]any{strings.ReplaceAll(s, "*", "x"): rest}
		if len(steps) == 1 {
			for k, v := range beside {
				m[k] = v
			}
		}
		return m
	}
}

// TestReferenceRows finds the name that each row of the table is for, and with
// another kind beside it none.
func TestReferenceRows(t *testing.T) {
	n := 0
	for _, e := range referenceTable() {
		for group := range strings.FieldsSeq(e.groups) {
			group = strings.NewReplacer("*.", "x.").Replace(group)
			if group == "core" {
				group = ""
			}
			for kind := range strings.FieldsSeq(e.kinds) {
				ref := manifest.Ref{Group: group, Version: "v1", Kind: strings.ReplaceAll(kind, "*", "Any"), Namespace: "shop", Name: "web"}
				for _, r := range e.rows() {
					n++
					beside := map[string]any{}
					if r.kindGiven {
						beside[r.kind] = "Secret"
					}
					o, ok := sample(r.steps, "db", beside).(map[string]any)
					if !ok {
						t.Fatalf("%v: no object", r.steps)
					}
					got := References(ref, o, nil)
					if len(got) != 1 || got[0].Name != "db" || got[0].Namespace != "shop" || got[0].Restarts != e.restarts || got[0].Fixed != e.fixed {
						t.Errorf("%s %s %v: %+v", ref.Group, ref.Kind, r.steps, got)
						continue
					}
					if v := follow(o, got[0].Path); v != "db" {
						t.Errorf("%s leads to %v", got[0].Field, v)
					}
					if got := References(manifest.Ref{Group: group, Kind: "Nothing-" + kind}, o, nil); len(got) > 0 && kind != "*" && !anyKind(group) {
						t.Errorf("another kind: %+v", got)
					}
					if r.namespace != "" {
						beside[r.namespace] = "infra"
						o := sample(r.steps, "db", beside).(map[string]any)
						if got := References(ref, o, nil); len(got) != 1 || got[0].Namespace != "infra" || got[0].Loose {
							t.Errorf("with a namespace: %+v", got)
						}
					}
					if r.kind != "" {
						beside[r.kind] = "ConfigMap"
						if got := References(ref, sample(r.steps, "db", beside).(map[string]any), nil); len(got) != 0 {
							t.Errorf("a ConfigMap's name: %+v", got)
						}
					}
				}
			}
		}
	}
	if n < 500 {
		t.Errorf("only %d rows", n)
	}
}

func anyKind(group string) bool {
	return slices.ContainsFunc(referenceTable(), func(e entry) bool {
		return e.kinds == "*" && slices.ContainsFunc(strings.Fields(e.groups), func(g string) bool {
			return g == group || strings.HasPrefix(g, "*.") && strings.HasSuffix(group, g[1:])
		})
	})
}

func follow(v any, path []any) any {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			v = l[s]
		}
	}
	return v
}

// What is written here is as people write it; each "db" must be found, and
// nothing else.
func TestReferences(t *testing.T) {
	more := []config.ReferenceRule{
		{Group: "example.com", Kind: "Widget", Path: "spec.auth[].secretName"},
		{Group: "example.com", Kind: "Widget", Path: `metadata.annotations["example.com/tls"]`},
	}
	for _, text := range []string{
		`{apiVersion: apps/v1, kind: Deployment, metadata: {name: no, namespace: shop}, spec: {template: {spec: {
			containers: [{name: no, image: no, env: [{name: A, value: no}, {name: B, valueFrom: {secretKeyRef: {name: db, key: no}}}, {name: C, valueFrom: {configMapKeyRef: {name: no, key: k}}}], envFrom: [{secretRef: {name: db}}, {configMapRef: {name: no}}]}],
			initContainers: [{env: [{valueFrom: {secretKeyRef: {name: db}}}]}], ephemeralContainers: [{envFrom: [{secretRef: {name: db}}]}],
			volumes: [{name: no, secret: {secretName: db}}, {configMap: {name: no}}, {projected: {sources: [{secret: {name: db}}, {configMap: {name: no}}]}},
				{csi: {driver: no, nodePublishSecretRef: {name: db}}}, {azureFile: {secretName: db, shareName: no}}, {cephfs: {secretRef: {name: db}}}, {flexVolume: {driver: no, secretRef: {name: db}}},
				{iscsi: {secretRef: {name: db}}}, {rbd: {secretRef: {name: db}}}, {scaleIO: {secretRef: {name: db}}}, {storageos: {secretRef: {name: db}}}, {cinder: {secretRef: {name: db}}}],
			imagePullSecrets: [{name: db}]}}}}`,
		`{apiVersion: batch/v1, kind: CronJob, metadata: {name: no, namespace: shop}, spec: {jobTemplate: {spec: {template: {spec: {containers: [{envFrom: [{secretRef: {name: db}}]}]}}}}}}`,
		`{apiVersion: v1, kind: ServiceAccount, metadata: {name: no, namespace: shop}, secrets: [{name: db}], imagePullSecrets: [{name: db}]}`,
		`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop}, spec: {tls: [{hosts: [no], secretName: db}], rules: [{http: {paths: [{backend: {service: {name: no}}}]}}]}}`,
		`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {namespace: shop, annotations: {nginx.ingress.kubernetes.io/auth-secret: db, nginx.ingress.kubernetes.io/auth-tls-secret: shop/db, nginx.ingress.kubernetes.io/auth-realm: no}}}`,
		`{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {namespace: shop}, spec: {listeners: [{tls: {certificateRefs: [{name: db}, {kind: Secret, group: "", name: db}, {kind: Vault, group: x.io, name: no}]}}]}}`,
		`{apiVersion: cert-manager.io/v1, kind: Issuer, metadata: {namespace: shop}, spec: {acme: {privateKeySecretRef: {name: db}, solvers: [{dns01: {cloudflare: {apiTokenSecretRef: {name: db, key: no}}}}]}}}`,
		`{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {namespace: shop}, spec: {secretName: no, keystores: {jks: {passwordSecretRef: {name: db}}}}}`,
		`{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {namespace: shop}, spec: {endpoints: [{basicAuth: {username: {name: db, key: user}, password: {name: db, key: no}}, tlsConfig: {ca: {configMap: {name: no}}, cert: {secret: {name: db}}, keySecret: {name: db}}}]}}`,
		`{apiVersion: kafka.strimzi.io/v1beta2, kind: KafkaConnect, metadata: {namespace: shop}, spec: {tls: {trustedCertificates: [{secretName: db, certificate: ca.crt}]}, authentication: {type: scram-sha-512, username: no, passwordSecret: {secretName: db, password: p}}, externalConfiguration: {env: [{name: A, valueFrom: {secretKeyRef: {name: db, key: k}}}, {name: B, valueFrom: {configMapKeyRef: {name: no}}}]}}}`,
		`{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {namespace: shop}, spec: {valuesFrom: [{kind: Secret, name: db}, {kind: ConfigMap, name: no}]}}`,
		`{apiVersion: external-secrets.io/v1, kind: SecretStore, metadata: {namespace: shop}, spec: {provider: {aws: {auth: {secretRef: {accessKeyIDSecretRef: {name: db, key: no}}}}, vault: {caProvider: {type: ConfigMap, name: no}, auth: {appRole: {secretRef: {name: db}}}}, azurekv: {authSecretRef: {clientId: {name: db}}}}}}`,
		`{apiVersion: example.com/v1, kind: Widget, metadata: {namespace: shop, annotations: {example.com/tls: shop/db, other: no}}, spec: {auth: [{secretName: db}], secretName: no}}`,
		`{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {namespace: shop}, spec: {virtualhost: {tls: {secretName: shop/db}}}}`,
	} {
		var o map[string]any
		if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "\t", " ")), &o); err != nil {
			t.Fatal(err)
		}
		ref := RefOf(o)
		got := References(ref, o, more)
		if want := strings.Count(text, " db") + strings.Count(text, "/db"); len(got) != want {
			t.Errorf("%s: found %d of %d", ref.Kind, len(got), want)
		}
		for _, r := range got {
			if r.Name != "db" || r.Namespace != "shop" || follow(o, r.Path) != r.Prefix+r.Name {
				t.Errorf("%s: %+v", ref.Kind, r)
			}
		}
	}
}

func TestReferenceField(t *testing.T) {
	ref := manifest.Ref{Group: "apps", Kind: "StatefulSet"}
	o := sample([]string{"spec", "template", "spec", "volumes", "[]", "secret", "secretName"}, "db", nil).(map[string]any)
	got := References(ref, o, nil)
	if len(got) != 1 || got[0].Field != "spec.template.spec.volumes[1].secret.secretName" || !got[0].Restarts {
		t.Errorf("%+v", got)
	}
	if got := fieldText([]any{"metadata", "annotations", "a.b/c", 0}); got != `metadata.annotations["a.b/c"][0]` {
		t.Error(got)
	}
}

// Patterns don't take other things' names for a Secret's.
func TestNoReferences(t *testing.T) {
	for _, text := range []string{
		"{apiVersion: external-secrets.io/v1, kind: SecretStore, spec: {provider: {akeyless: {authSecretRef: {serviceAccountRef: {name: db}}}, vault: {caProvider: {type: ConfigMap, name: db}}, webhook: {secrets: [{name: db}]}}}}",
		"{apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, spec: {endpoints: [{tlsConfig: {ca: {configMap: {name: db}}}}]}}",
		"{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: db}, spec: {target: {name: db}, secretStoreRef: {name: db}}}",
		"{apiVersion: v1, kind: Secret, metadata: {name: db}}",
		"{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, spec: {listeners: [{tls: {frontendValidation: {caCertificateRefs: [{name: db}]}}}]}}",
		"{apiVersion: cert-manager.io/v1, kind: Certificate, spec: {secretName: db, issuerRef: {name: db}}}",
	} {
		var o map[string]any
		if err := yaml.Unmarshal([]byte(text), &o); err != nil {
			t.Fatal(err)
		}
		if got := References(RefOf(o), o, nil); len(got) > 0 {
			t.Errorf("%s: %+v", text, got)
		}
	}
}
