package kes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
)

// one reads the single Deployment of a text.
func one(t *testing.T, text string) *Controller {
	t.Helper()
	list, err := Controllers(File{Name: "kes.yaml", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 {
		t.Fatalf("%d controllers", len(list))
	}
	return list[0]
}

// container is a Deployment with a body for its container, and for its pod.
func container(body, pod string) string {
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: kes, namespace: infra}\nspec:\n  template:\n    spec:\n" + pod +
		"      containers:\n      - image: reg:5000/x/kubernetes-external-secrets:8.5.5@sha256:ab\n" + body
}

func env(lines ...string) string {
	return container("        env:\n        - "+strings.Join(lines, "\n        - ")+"\n", "")
}

// TestVariables: each variable that KES knows, from a value, a Secret and a
// ConfigMap. What may be a secret is named, and never copied.
func TestVariables(t *testing.T) {
	secrets := []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "VAULT_TOKEN", "AZURE_CLIENT_SECRET", "AZURE_PASSWORD",
		"IBM_CLOUD_SECRETS_MANAGER_API_APIKEY", "AKEYLESS_ACCESS_TYPE_PARAM", "ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET",
	}
	// Those of the list, all of which have to be known.
	listed := strings.Fields(`POLLER_INTERVAL_MILLISECONDS DISABLE_POLLING WATCHED_NAMESPACES INSTANCE_ID ENFORCE_NAMESPACE_ANNOTATIONS
		ROLE_PERMITTED_ANNOTATION NAMING_PERMITTED_ANNOTATION AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
		AWS_INTERMEDIATE_ROLE_ARN AWS_SM_ENDPOINT AWS_SSM_ENDPOINT AWS_STS_ENDPOINT VAULT_ADDR VAULT_NAMESPACE DEFAULT_VAULT_MOUNT_POINT
		DEFAULT_VAULT_ROLE AZURE_TENANT_ID AZURE_CLIENT_ID AZURE_CLIENT_SECRET AZURE_KEY_VAULT_DNS_SUFFIX AZURE_ENVIRONMENT
		GOOGLE_APPLICATION_CREDENTIALS IBM_CLOUD_SECRETS_MANAGER_API_APIKEY IBM_CLOUD_SECRETS_MANAGER_API_ENDPOINT
		IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE AKEYLESS_API_ENDPOINT AKEYLESS_ACCESS_ID AKEYLESS_ACCESS_TYPE AKEYLESS_ACCESS_TYPE_PARAM
		ALICLOUD_ACCESS_KEY_ID ALICLOUD_ACCESS_KEY_SECRET ALICLOUD_ENDPOINT`)
	for _, name := range listed {
		if !IsVariable(name) {
			t.Errorf("%s isn't known", name)
		}
	}
	for _, name := range Variables() {
		t.Run(name, func(t *testing.T) {
			value := "value-of-it"
			switch {
			case slices.Contains(fileVariables, name) || strings.HasSuffix(name, "_FILE") || strings.HasSuffix(name, "_FILENAME"):
				value = "/etc/kes/file"
			case name == "VAULT_TOKEN_RENEW_THRESHOLD":
				value = "60"
			}
			c := one(t, env(fmt.Sprintf("{name: %s, value: %q}", name, value)))
			secret := slices.Contains(secrets, name)
			if _, ok := c.Env[name]; ok == secret || ok && c.Env[name] != value {
				t.Errorf("env %q", c.Env)
			}
			if slices.Contains(c.Plain, name) != secret || strings.Contains(fmt.Sprintf("%+v", c), value) == secret {
				t.Errorf("a secret: %v, plain: %v, %+v", secret, c.Plain, c)
			}
			if p := c.Places[name]; p.File != "kes.yaml" || p.Line != 10 || p.Column < 20 {
				t.Errorf("its place: %v", p)
			}
			ref := one(t, env(fmt.Sprintf("{name: %s, valueFrom: {secretKeyRef: {name: creds, key: k}}}", name)))
			if ref.Refs[name] != (Key{"Secret", "creds", "k"}) || len(ref.Env)+len(ref.Plain) > 0 {
				t.Errorf("from a Secret: %+v", ref)
			}
			if open := len(ref.Open) == 1 && ref.Open[0].Variable == name; open == IsSecret(name, "") {
				t.Errorf("from a Secret, open: %v", ref.Open)
			}
			doc := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf, namespace: infra}\ndata: {k: \"" + value + "\"}\n---\n"
			from := env(fmt.Sprintf("{name: %s, valueFrom: {configMapKeyRef: {name: conf, key: k}}}", name))
			resolved := one(t, doc+from)
			if (resolved.Env[name] == value) == secret || slices.Contains(resolved.Plain, name) != secret || len(resolved.Refs) > 0 {
				t.Errorf("from a ConfigMap: %+v", resolved)
			}
			if far := one(t, from); far.Refs[name] != (Key{"ConfigMap", "conf", "k"}) || len(far.Open) != 1 {
				t.Errorf("from a ConfigMap elsewhere: %+v", far)
			}
		})
	}
}

// TestEnvironment: how Kubernetes puts an environment together.
func TestEnvironment(t *testing.T) {
	conf := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {AWS_REGION: %s, VAULT_ADDR: \"https://%[1]s\", VAULT_TOKEN: marker}\n---\n"
	for _, c := range []struct {
		name, text string
		want       map[string]string
		plain      []string
		refs       map[string]Key
		open       []string // what the open points begin with
	}{
		{"last wins", env("{name: AWS_REGION, value: a}", "{name: AWS_REGION, value: b}"), map[string]string{"AWS_REGION": "b"}, nil, nil, nil},
		{"empty is set", env("{name: DISABLE_POLLING}", `{name: AWS_REGION, value: ""}`), map[string]string{"DISABLE_POLLING": "", "AWS_REGION": ""}, nil, nil, nil},
		{"envFrom", fmt.Sprintf(conf, "one", "a") + fmt.Sprintf(conf, "two", "b") + container("        envFrom: [{configMapRef: {name: one}}, {configMapRef: {name: two}}]\n        env: [{name: VAULT_ADDR, value: https://env}]\n", ""),
			map[string]string{"AWS_REGION": "b", "VAULT_ADDR": "https://env"}, []string{"VAULT_TOKEN"}, nil, nil},
		{"envFrom with prefix", "kind: ConfigMap\nmetadata: {name: c}\ndata: {REGION: a}\n---\n" + container("        envFrom: [{prefix: AWS_, configMapRef: {name: c}}]\n", ""), map[string]string{"AWS_REGION": "a"}, nil, nil, nil},
		{"envFrom Secret", "kind: Secret\nmetadata: {name: s}\nstringData: {AWS_REGION: marker}\n---\n" + container("        envFrom: [{secretRef: {name: s}}, {configMapRef: {name: gone}}]\n", ""), map[string]string{}, nil, nil,
			[]string{"more variables come from the Secret s (envFrom)", "more variables come from the ConfigMap gone"}},
		{"another namespace's ConfigMap", strings.Replace(fmt.Sprintf(conf, "one", "a"), "name: one", "name: one, namespace: other", 1) + container("        envFrom: [{configMapRef: {name: one}}]\n", ""), map[string]string{}, nil, nil,
			[]string{"more variables come from the ConfigMap one"}},
		{"references", env("{name: HOST, value: vault}", "{name: VAULT_ADDR, value: 'https://$(HOST).$(NOPE)/$$(HOST)'}"), map[string]string{"VAULT_ADDR": "https://vault.$(NOPE)/$(HOST)"}, nil, nil, nil},
		{"only earlier ones", env("{name: VAULT_ADDR, value: 'https://$(HOST)'}", "{name: HOST, value: vault}"), map[string]string{"VAULT_ADDR": "https://$(HOST)"}, nil, nil, nil},
		{"a reference to a secret", env("{name: PASSWORD, value: marker}", "{name: VAULT_ADDR, value: 'https://$(PASSWORD)'}"), map[string]string{}, []string{"PASSWORD", "VAULT_ADDR"}, nil, nil},
		{"a reference to a Secret's", env("{name: TOKEN, valueFrom: {secretKeyRef: {name: s, key: k}}}", "{name: VAULT_TOKEN, value: $(TOKEN)}", "{name: VAULT_ADDR, value: 'https://$(TOKEN)'}"), map[string]string{}, nil,
			map[string]Key{"VAULT_TOKEN": {"Secret", "s", "k"}}, []string{"VAULT_ADDR: it is put together from TOKEN"}},
		{"a service", env("{name: VAULT_ADDR, value: 'https://$(VAULT_SERVICE_HOST)'}"), map[string]string{}, nil, nil, []string{"VAULT_ADDR: it is put together from $(VAULT_SERVICE_HOST)"}},
		{"fields", env("{name: WATCHED_NAMESPACES, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}", "{name: INSTANCE_ID, valueFrom: {fieldRef: {fieldPath: metadata.name}}}"), map[string]string{"WATCHED_NAMESPACES": "infra"}, nil, nil,
			[]string{"INSTANCE_ID: only a running pod knows it"}},
		{"an optional key that isn't there", "kind: ConfigMap\nmetadata: {name: c}\n---\n" + env("{name: AWS_REGION, value: a}", "{name: AWS_REGION, valueFrom: {configMapKeyRef: {name: c, key: k, optional: true}}}"), map[string]string{}, nil, nil, nil},
		{"a key that isn't there", "kind: ConfigMap\nmetadata: {name: c}\n---\n" + env("{name: AWS_REGION, valueFrom: {configMapKeyRef: {name: c, key: k}}}"), map[string]string{}, nil, nil, []string{"AWS_REGION: it comes from the ConfigMap c, which has no key k"}},
		{"secrets by their looks", env(`{name: VAULT_ADDR, value: "https://u:marker@x"}`, `{name: HTTPS_PROXY, value: "u:marker@proxy:3128"}`, `{name: INSTANCE_ID, value: "hvs.CAESIJmarkermarker"}`, `{name: LOG_LEVEL, value: "AKIAIOSFODNN7EXAMPLE"}`,
			`{name: GOOGLE_APPLICATION_CREDENTIALS, value: '{"private_key": "marker"}'}`), map[string]string{}, []string{"GOOGLE_APPLICATION_CREDENTIALS", "HTTPS_PROXY", "INSTANCE_ID", "LOG_LEVEL", "VAULT_ADDR"}, nil, nil},
		{"others", env("{name: TZ, value: marker}", "{name: DD_API_KEY, value: marker}", "{name: DD_URL, valueFrom: {secretKeyRef: {name: s, key: k}}}"), map[string]string{}, []string{"DD_API_KEY"}, nil, nil},
		{"aliases and merges", "x-env: &env\n- {name: AWS_REGION, value: a}\nkind: Deployment\nspec: {template: {spec: {containers: [{<<: {image: kubernetes-external-secrets}, env: *env}]}}}\n", map[string]string{"AWS_REGION": "a"}, nil, nil, nil},
		{"in a List", "kind: List\nitems:\n- kind: Deployment\n  spec: {template: {spec: {containers: [{image: kubernetes-external-secrets, env: [{name: AWS_REGION, value: a}]}]}}}\n", map[string]string{"AWS_REGION": "a"}, nil, nil, nil},
		{"JSON", `{"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"image": "kubernetes-external-secrets", "env": [{"name": "AWS_REGION", "value": "a"}]}]}}}}`, map[string]string{"AWS_REGION": "a"}, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := one(t, c.text)
			if !maps.Equal(got.Env, c.want) || !slices.Equal(got.Plain, c.plain) || !maps.Equal(got.Refs, c.refs) {
				t.Errorf("env %v, plain %v, refs %v", got.Env, got.Plain, got.Refs)
			}
			if len(got.Open) != len(c.open) {
				t.Fatalf("open: %v", got.Open)
			}
			for i, o := range got.Open {
				if !strings.HasPrefix(o.What, c.open[i]) || o.Pos.Line == 0 {
					t.Errorf("open: %v", o)
				}
			}
			if strings.Contains(fmt.Sprintf("%+v", got), "marker") {
				t.Errorf("a secret is in it: %+v", got)
			}
		})
	}
}

// TestWhich: which Deployment is KES's, and which of its containers.
func TestWhich(t *testing.T) {
	deployment := func(meta, containers string) string {
		return "kind: Deployment\nmetadata: {" + meta + "}\nspec: {template: {spec: {containers: [" + containers + "]}}}\n"
	}
	region := ", env: [{name: AWS_REGION, value: a}]"
	for _, c := range []struct {
		name, text string
		want       bool
	}{
		{"image", deployment("name: x", "{image: ghcr.io/external-secrets/kubernetes-external-secrets:8.5.5"+region+"}"), true},
		{"image with port", deployment("name: x", "{image: \"reg:5000/kubernetes-external-secrets\""+region+"}"), true},
		{"second container", deployment("name: x", "{image: sidecar, env: [{name: AWS_REGION, value: b}]}, {image: kubernetes-external-secrets"+region+"}"), true},
		{"mirror, by name", deployment("name: prod-kubernetes-external-secrets", "{image: \"mirror/kes:1\""+region+"}"), true},
		{"mirror, by label", deployment("name: x, labels: {app.kubernetes.io/name: kubernetes-external-secrets}", "{image: \"mirror/kes:1\""+region+"}"), true},
		{"mirror, container by name", deployment("name: x, labels: {app: kubernetes-external-secrets}", "{image: a, env: [{name: AWS_REGION, value: b}]}, {name: kubernetes-external-secrets, image: b"+region+"}"), true},
		{"mirror, container by its variables", deployment("name: x, labels: {app: kubernetes-external-secrets}", "{image: a}, {image: b"+region+"}"), true},
		{"ESO under that name", deployment("name: kubernetes-external-secrets", "{image: ghcr.io/external-secrets/external-secrets:v0.20.4"+region+"}"), false},
		{"another", deployment("name: external-secrets-ui", "{image: ui"+region+"}"), false},
		{"another kind", strings.Replace(deployment("name: x", "{image: kubernetes-external-secrets"+region+"}"), "Deployment", "Service # Deployment", 1), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			list, err := Controllers(File{Name: "a.yaml", Data: []byte(c.text)})
			if err != nil || (len(list) == 1) != c.want {
				t.Fatalf("%d, %v", len(list), err)
			}
			if c.want && list[0].Env["AWS_REGION"] != "a" {
				t.Errorf("%+v", list[0])
			}
		})
	}
}

// TestMounts: what the files of a container show.
func TestMounts(t *testing.T) {
	pod := `      volumes:
      - {name: gcp, secret: {secretName: gcp-creds}}
      - {name: items, secret: {secretName: aws, items: [{key: conf, path: dir/config}]}}
      - {name: ca, configMap: {name: ca}}
      - {name: all, projected: {sources: [{secret: {name: one, items: [{key: a, path: a.pem}]}}, {configMap: {name: two, items: [{key: b, path: b.pem}]}}, {serviceAccountToken: {path: token}}]}}
      - {name: vague, projected: {sources: [{secret: {name: one}}, {secret: {name: two}}]}}
      - {name: tmp, emptyDir: {}}
`
	c := one(t, container(`        volumeMounts:
        - {name: gcp, mountPath: /app/gcp/}
        - {name: items, mountPath: /root/.aws}
        - {name: items, mountPath: /sub, subPath: dir}
        - {name: ca, mountPath: /etc/ssl/ca.pem, subPath: ca.crt}
        - {name: all, mountPath: /all}
        - {name: vague, mountPath: /vague}
        - {name: gcp, mountPath: /app/gcp/inner, subPathExpr: $(POD)}
        - {name: tmp, mountPath: /tmp}
        - {name: gone, mountPath: /gone}
        env:
        - {name: GOOGLE_APPLICATION_CREDENTIALS, value: /app/gcp/key.json}
        - {name: NODE_EXTRA_CA_CERTS, value: /tmp/ca.pem}
`, pod))
	for path, want := range map[string]Key{
		"/app/gcp/key.json":     {"Secret", "gcp-creds", "key.json"},
		"/app/gcp/../gcp/x":     {"Secret", "gcp-creds", "x"},
		"/app/gcp/a/b":          {},
		"/app/gcp":              {},
		"/root/.aws/dir/config": {"Secret", "aws", "conf"},
		"/root/.aws/config":     {},
		"/sub/config":           {"Secret", "aws", "conf"},
		"/etc/ssl/ca.pem":       {"ConfigMap", "ca", "ca.crt"},
		"/etc/ssl/ca.pem/x":     {},
		"/all/a.pem":            {"Secret", "one", "a"},
		"/all/b.pem":            {"ConfigMap", "two", "b"},
		"/all/token":            {},
		"/vague/a":              {},
		"/tmp/x":                {},
		"/gone/x":               {},
		"":                      {},
	} {
		if key, ok := c.File(path); ok != (want != Key{}) || ok && key != want {
			t.Errorf("%q: %v, %v", path, key, ok)
		}
	}
	if len(c.Open) != 2 || !strings.HasPrefix(c.Open[0].What, "what /app/gcp/inner shows") || c.Open[1].Variable != "NODE_EXTRA_CA_CERTS" {
		t.Errorf("open: %v", c.Open)
	}
	if _, ok := (*Controller)(nil).File("/x"); ok {
		t.Error("a file of nothing")
	}
}

// TestIdentity: who the pods are.
func TestIdentity(t *testing.T) {
	text := `apiVersion: v1
kind: ServiceAccount
metadata: {name: kes, namespace: infra, annotations: {eks.amazonaws.com/role-arn: "arn:aws:iam::1:role/kes"}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: kes, namespace: other, annotations: {eks.amazonaws.com/role-arn: wrong}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: kes, namespace: infra}
spec:
  template:
    metadata: {labels: {aadpodidbinding: kes-id}, annotations: {iam.amazonaws.com/role: kes-role}}
    spec:
      serviceAccountName: kes
      containers: [{image: kubernetes-external-secrets}]
`
	c := one(t, text)
	want := &Controller{
		Namespace: "infra", Name: "kes", Pos: manifest.Pos{File: "kes.yaml", Line: 9, Column: 1}, Env: map[string]string{}, Refs: map[string]Key{}, Places: map[string]manifest.Pos{},
		ServiceAccount: ServiceAccount{Name: "kes", Annotations: map[string]string{"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/kes"}},
		PodLabels:      map[string]string{"aadpodidbinding": "kes-id"}, PodAnnotations: map[string]string{"iam.amazonaws.com/role": "kes-role"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if c := one(t, strings.Replace(text, "serviceAccountName: kes", "serviceAccount: other", 1)); c.ServiceAccount.Name != "other" || c.ServiceAccount.Annotations != nil {
		t.Errorf("%+v", c.ServiceAccount)
	}
}
