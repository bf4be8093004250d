package kes

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
)

// chart reads values, weakest first, for a release.
func chart(t *testing.T, release string, values ...string) *Controller {
	t.Helper()
	ch := &Chart{Release: release}
	for i, v := range values {
		docs, err := Documents(fmt.Sprintf("values%d.yaml", i), []byte(v))
		if err != nil || len(docs) != 1 {
			t.Fatal(len(docs), err)
		}
		ch.Values = append(ch.Values, docs[0])
	}
	return ch.Controller()
}

// TestChart: what KES's own chart makes of values.
func TestChart(t *testing.T) {
	defaults := map[string]string{
		"AWS_REGION": "us-west-2", "POLLER_INTERVAL_MILLISECONDS": "10000", "WATCH_TIMEOUT": "60000", "LOG_LEVEL": "info", "LOG_MESSAGE_KEY": "msg",
		"METRICS_PORT": "3001", "AKEYLESS_API_ENDPOINT": "https://api.akeyless.io", "VAULT_ADDR": "http://127.0.0.1:8200",
	}
	with := func(change map[string]string) map[string]string {
		out := maps.Clone(defaults)
		for k, v := range change {
			if out[k] = v; v == "-" {
				delete(out, k)
			}
		}
		return out
	}
	for _, c := range []struct {
		name   string
		values []string
		want   map[string]string
		plain  []string
		refs   map[string]Key
		open   int
	}{
		{"nothing", []string{"{}"}, defaults, nil, nil, 0},
		{"env", []string{"env: {AWS_REGION: eu-west-1, POLLER_INTERVAL_MILLISECONDS: 60000, DISABLE_POLLING: true}"}, with(map[string]string{"AWS_REGION": "eu-west-1", "POLLER_INTERVAL_MILLISECONDS": "60000", "DISABLE_POLLING": "true"}), nil, nil, 0},
		{"what is empty is left out", []string{"env: {AWS_REGION: '', WATCHED_NAMESPACES: '', DISABLE_POLLING: false, VAULT_ADDR: , WATCH_TIMEOUT: 0}"},
			with(map[string]string{"AWS_REGION": "-", "VAULT_ADDR": "-", "WATCH_TIMEOUT": "-"}), nil, nil, 0},
		{"later values win", []string{"env: {AWS_REGION: a, INSTANCE_ID: x}", "env: {AWS_REGION: b}", "env: {LOG_LEVEL: null}"}, with(map[string]string{"AWS_REGION": "b", "INSTANCE_ID": "x", "LOG_LEVEL": "-"}), nil, nil, 0},
		{"from Secrets and ConfigMaps", []string{"envVarsFromSecret: {AWS_ACCESS_KEY_ID: {secretKeyRef: aws, key: id}, AWS_REGION: {secretKeyRef: aws, key: region}}\nenvVarsFromConfigMap: {VAULT_ADDR: {configMapKeyRef: vault, key: addr}}"},
			with(map[string]string{"AWS_REGION": "-", "VAULT_ADDR": "-"}), nil, map[string]Key{"AWS_ACCESS_KEY_ID": {"Secret", "aws", "id"}, "AWS_REGION": {"Secret", "aws", "region"}, "VAULT_ADDR": {"ConfigMap", "vault", "addr"}}, 2},
		{"taken out again", []string{"envVarsFromSecret: {AWS_ACCESS_KEY_ID: {secretKeyRef: aws, key: id}}", "envVarsFromSecret: {AWS_ACCESS_KEY_ID: null}"}, defaults, nil, nil, 0},
		{"envFrom", []string{"envFrom: [{secretRef: {name: s}}, {configMapRef: {name: c}}]"}, defaults, nil, nil, 2},
		{"a secret", []string{"env: {VAULT_ADDR: 'https://u:marker@x', AZURE_CLIENT_SECRET: marker}"}, with(map[string]string{"VAULT_ADDR": "-"}), []string{"AZURE_CLIENT_SECRET", "VAULT_ADDR"}, nil, 0},
		{"numbers as Helm prints them", []string{"env: {WATCH_TIMEOUT: 1000000, METRICS_PORT: 0x10}"}, with(map[string]string{"WATCH_TIMEOUT": "1e+06", "METRICS_PORT": "16"}), nil, nil, 0},
		{"files", []string{"filesFromSecret: {gcp: {secret: gcp-creds, mountPath: /app/gcp}}\nenv: {GOOGLE_APPLICATION_CREDENTIALS: /app/gcp/key.json}"}, with(map[string]string{"GOOGLE_APPLICATION_CREDENTIALS": "/app/gcp/key.json"}), nil, nil, 0},
		{"extra volumes", []string{"extraVolumes: [{name: ca, configMap: {name: ca}}]\nextraVolumeMounts: [{name: ca, mountPath: /ca}]\nenv: {NODE_EXTRA_CA_CERTS: /ca/a.pem}"}, with(map[string]string{"NODE_EXTRA_CA_CERTS": "/ca/a.pem"}), nil, nil, 0},
		{"a file of nobody's", []string{"env: {NODE_EXTRA_CA_CERTS: /ca/a.pem}"}, with(map[string]string{"NODE_EXTRA_CA_CERTS": "/ca/a.pem"}), nil, nil, 1},
		{"no mapping", []string{"[a]", "env: text"}, map[string]string{}, nil, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := chart(t, "", c.values...)
			if !maps.Equal(got.Env, c.want) || !slices.Equal(got.Plain, c.plain) || !maps.Equal(got.Refs, c.refs) || len(got.Open) != c.open {
				t.Errorf("env %v, plain %v, refs %v, open %v", got.Env, got.Plain, got.Refs, got.Open)
			}
			if strings.Contains(fmt.Sprintf("%+v", got), "marker") {
				t.Errorf("a secret is in it: %+v", got)
			}
		})
	}
	docs, err := Documents("values.yaml", []byte("env: {WATCH_TIMEOUT: 1000000}"))
	if err != nil {
		t.Fatal(err)
	}
	if got := (&Chart{Own: docs[0]}).Controller().Env["WATCH_TIMEOUT"]; got != "1000000" {
		t.Errorf("a chart's own number is printed as %s", got)
	}
	c := chart(t, "", "env:\n  INSTANCE_ID: x\nfilesFromSecret: {gcp: {secret: gcp-creds, mountPath: /app/gcp}}")
	if p := c.Places["INSTANCE_ID"]; p.String() != "values0.yaml:2:16" {
		t.Errorf("its place: %s", p)
	}
	if p := c.Places["AWS_REGION"]; p.File != "" || !strings.Contains(p.Origin, "defaults of chart") {
		t.Errorf("a default's place: %v", p)
	}
	if key, ok := c.File("/app/gcp/key.json"); !ok || key != (Key{"Secret", "gcp-creds", "key.json"}) {
		t.Errorf("%v, %v", key, ok)
	}
}

// TestChartIdentity: names and service accounts of the chart's.
func TestChartIdentity(t *testing.T) {
	for _, c := range []struct {
		name, release, values string
		deployment, account   string
		derived               bool
		annotations           int
	}{
		{"no release", "", "{}", "", "", true, 0},
		{"release", "prod", "{}", "prod-kubernetes-external-secrets", "prod-kubernetes-external-secrets", false, 0},
		{"release with its name", "kubernetes-external-secrets", "{}", "kubernetes-external-secrets", "kubernetes-external-secrets", false, 0},
		{"nameOverride", "prod", "nameOverride: kes", "prod-kes", "prod-kes", false, 0},
		{"fullnameOverride", "", "fullnameOverride: kes", "kes", "kes", false, 0},
		{"named", "", "serviceAccount: {name: sa, annotations: {a: b}}", "", "sa", false, 1},
		{"somebody else's", "", "serviceAccount: {create: false, name: sa, annotations: {a: b}}", "", "sa", false, 0},
		{"the namespace's", "prod", "serviceAccount: {create: false}", "prod-kubernetes-external-secrets", "default", false, 0},
		{"long", strings.Repeat("x", 70), "{}", strings.Repeat("x", 63), strings.Repeat("x", 63), false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := chart(t, c.release, c.values)
			sa := got.ServiceAccount
			if got.Name != c.deployment || sa.Name != c.account || sa.Derived != c.derived || len(sa.Annotations) != c.annotations {
				t.Errorf("%q, %+v", got.Name, sa)
			}
		})
	}
	c := chart(t, "", "podLabels: {aadpodidbinding: id}\npodAnnotations: {iam.amazonaws.com/role: r}")
	if c.PodLabels["aadpodidbinding"] != "id" || c.PodAnnotations["iam.amazonaws.com/role"] != "r" {
		t.Errorf("%+v", c)
	}
}

func TestNested(t *testing.T) {
	for _, c := range []struct {
		text  string
		force bool
		want  string
	}{{"eu", false, "eu"}, {"false", false, "-"}, {"false", true, "false"}, {"null", false, "-"}, {"0", false, "-"}, {"5", false, "5"}, {"1000000", false, "1000000"}} {
		ch := &Chart{Values: []*Tree{Nested("env.INSTANCE_ID", manifest.Pos{}, c.text, c.force)}}
		got, ok := ch.Controller().Env["INSTANCE_ID"]
		if !ok {
			got = "-"
		}
		if got != c.want {
			t.Errorf("%q, %v: %q", c.text, c.force, got)
		}
	}
}

func TestIsSecret(t *testing.T) {
	for name, values := range map[string][]string{
		"AWS_SECRET_ACCESS_KEY":          {"x", ""},
		"aws_secret_access_key":          {"x"},
		"DB_PASSWD":                      {"x"},
		"VAULT_TOKEN_RENEW_THRESHOLD":    {"s.abc"},
		"GOOGLE_APPLICATION_CREDENTIALS": {"{}", "hunter2", "/path with spaces", "-----BEGIN PRIVATE KEY-----"},
		"VAULT_ADDR":                     {"https://user:pw@vault", "https://token@vault", "http://u:p%zz@vault", "https://vault/?token=x", "hvs.CAESIJ01234567", "s.abcdefghijklmnopqrstuvwx"},
		"LOG_LEVEL":                      {"AKIAIOSFODNN7EXAMPLE", "eyJhbGciOiJI.eyJzdWIi.x", "ghp_0123456789abcdef", "glpat-0123456789abcdef", `{"private_key": "x"}`},
		"no_proxy":                       {"user:pw@proxy:3128"},
	} {
		for _, v := range values {
			if !IsSecret(name, v) {
				t.Errorf("%s=%q passes", name, v)
			}
		}
	}
	for name, value := range map[string]string{
		"AWS_REGION": "eu-west-1", "AWS_INTERMEDIATE_ROLE_ARN": "arn:aws:iam::123456789012:role/x", "VAULT_ADDR": "https://vault.example:8200/v1?x=y",
		"GOOGLE_APPLICATION_CREDENTIALS": "/app/gcp-creds/gcp-creds.json", "VAULT_TOKEN_RENEW_THRESHOLD": "60",
		"IBM_CLOUD_SECRETS_MANAGER_API_ENDPOINT": "https://id.eu-de.secrets-manager.appdomain.cloud", "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
		"IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE": "iam", "AZURE_CLIENT_ID": "00000000-0000-0000-0000-000000000000", "NO_PROXY": "10.0.0.0/8,.svc",
		"NAMING_PERMITTED_ANNOTATION": "example.com/permitted-key-name",
	} {
		if IsSecret(name, value) {
			t.Errorf("%s=%s is taken for a secret", name, value)
		}
	}
}
