package live

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var (
	random = flag.Int("random", 1000, "how many random cases to compare")
	seed   = flag.Uint64("seed", 1, "what they are made from")
)

// bases are objects that the random cases start from.
var bases = []string{
	`{apiVersion: external-secrets.io/v1, kind: ExternalSecret, spec: {refreshInterval: 1h, secretStoreRef: {name: aws, kind: ClusterSecretStore}, target: {name: t, template: {engineVersion: v2, data: {a: "{{ .a }}"}}}, data: [{secretKey: a, remoteRef: {key: a, property: p}}, {secretKey: b, remoteRef: {key: b}}], dataFrom: [{extract: {key: z}}]}}`,
	`{apiVersion: kubernetes-client.io/v1, kind: ExternalSecret, spec: {backendType: vault, data: [{key: a, name: b}, {key: c, name: d, property: e}], template: {metadata: {labels: {q: r}}}}}`,
	`{apiVersion: example.com/v1, kind: Thing, spec: {int: 1, float: 1.5, list: [1, 2, 3], map: {x: {z: [{w: 1}, {w: [1]}]}}, text: t, bool: true}}`,
	`{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 2, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: "i:1", env: [{name: A, value: "1"}, {name: B, value: "2"}], ports: [{containerPort: 80, name: http}, {containerPort: 81}], args: [a, b], resources: {limits: {cpu: 500m, memory: 1Gi}}, volumeMounts: [{name: v, mountPath: /v}]}, {name: d, image: "i:1"}], volumes: [{name: v, configMap: {name: m}}], tolerations: [{key: k, operator: Exists}], nodeSelector: {x: z}}}}}`,
	`{apiVersion: v1, kind: Service, spec: {selector: {a: b}, ports: [{name: a, port: 80, targetPort: http}, {name: b, port: 81, targetPort: 8081}]}}`,
	`{apiVersion: v1, kind: ConfigMap, data: {a: b, c: d}}`,
	`{apiVersion: v1, kind: Secret, type: Opaque, data: {a: eA==, b: eQ==}}`,
	`{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, spec: {podSelector: {matchLabels: {a: b}}, ingress: [{ports: [{port: 80, protocol: TCP}], from: [{podSelector: {}}]}], policyTypes: [Ingress]}}`,
	`{apiVersion: networking.k8s.io/v1, kind: Ingress, spec: {ingressClassName: x, rules: [{host: h, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}], tls: [{hosts: [h], secretName: t}]}}`,
	`{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}, {apiGroups: [apps], resources: [deployments], verbs: [get]}]}`,
	`{apiVersion: batch/v1, kind: CronJob, spec: {schedule: "* * * * *", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: "i:1", env: [{name: A, value: "1"}]}]}}}}}}`,
}

// TestRandom gives objects that were changed at random, rendered, live and
// last applied, to Argo CD's code and to kesbridge's, whose tests read them.
func TestRandom(t *testing.T) {
	r := rand.New(rand.NewPCG(*seed, 0))
	var list []testCase
	for i := range *random {
		list = append(list, randomCase(t, r, i))
	}
	dir := t.TempDir()
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"cases.yaml": data, "answers.json": askAll(t, list)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-run", "^TestOracle$", "./internal/live")
	cmd.Dir = filepath.Join("..", "..", "..")
	cmd.Env = append(os.Environ(), "KESBRIDGE_LIVE_CASES="+dir, "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("seed %d: %v\n%s", *seed, err, out[:min(len(out), 20_000)])
	}
}

func randomCase(t *testing.T, r *rand.Rand, i int) testCase {
	t.Helper()
	base := bases[r.IntN(len(bases))]
	object := func(live bool, changes int) map[string]any {
		var o map[string]any
		if err := yaml.Unmarshal([]byte(base), &o); err != nil {
			t.Fatal(err)
		}
		o["metadata"] = map[string]any{"name": "x", "labels": map[string]any{"a": "b"}, "annotations": map[string]any{"q": "1"}}
		for range changes {
			change(r, o, live)
		}
		return o
	}
	target, live, applied := object(false, r.IntN(3)), object(true, r.IntN(3)), object(false, r.IntN(2))
	if r.IntN(5) == 0 {
		applied = target
	}
	group, _, ok := strings.Cut(live["apiVersion"].(string), "/")
	if !ok {
		group = ""
	}
	notes := map[string]any{"argocd.argoproj.io/tracking-id": fmt.Sprintf("web:%s/%s:shop/x", group, live["kind"])}
	meta := live["metadata"].(map[string]any)
	meta["namespace"] = "shop"
	if old, ok := meta["annotations"].(map[string]any); ok {
		for k, v := range old {
			notes[k] = v
		}
	}
	if r.IntN(3) > 0 {
		notes["kubectl.kubernetes.io/last-applied-configuration"] = text(applied)
	}
	meta["annotations"] = notes
	if r.IntN(3) == 0 {
		live["status"], meta["resourceVersion"] = map[string]any{"x": 1}, "1"
	}
	return testCase{Name: fmt.Sprintf("%d %s", i, live["kind"]), Target: text(target), Live: text(live)}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// place is a value somewhere in an object.
type place struct {
	in   any // map or list
	key  string
	path string
}

func places(v any, path string, out []place) []place {
	switch v := v.(type) {
	case map[string]any:
		keys := []string{}
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			p := path + "." + k
			if p == ".apiVersion" || p == ".kind" || p == ".metadata.name" {
				continue
			}
			if p != ".metadata" && p != ".spec" {
				out = append(out, place{in: v, key: k, path: p})
			}
			out = places(v[k], p, out)
		}
	case []any:
		for i := range v {
			out = places(v[i], path+"[]", out)
		}
	}
	return out
}

// identities are fields that built-in types must have, merge lists by, or that only
// take certain values.
var identities = []string{"name", "containerPort", "port", "mountPath", "key", "protocol", "pathType", "operator", "restartPolicy", "cpu", "memory", "type", "number", "template", "jobTemplate", "spec", "containers", "podSelector"}

func change(r *rand.Rand, o map[string]any, live bool) {
	all := places(o, "", nil)
	p := all[r.IntN(len(all))]
	m := p.in.(map[string]any)
	builtin := !strings.Contains(o["apiVersion"].(string), ".") || strings.Contains(o["apiVersion"].(string), "k8s.io")
	fixed := builtin && slices.Contains(identities, p.key)
	// The API server has put back by itself what nobody says: no live object of
	// a built-in type lacks a default.
	if r.IntN(3) == 0 && !fixed && !(builtin && live) {
		delete(m, p.key)
		return
	}
	if fixed {
		return
	}
	switch v := m[p.key].(type) {
	case bool:
		m[p.key] = !v
	case float64:
		m[p.key] = v + 1
	case string:
		m[p.key] = v + "x"
		if strings.HasPrefix(p.path, ".data.") && o["kind"] == "Secret" {
			m[p.key] = "YWJj"
		}
	case map[string]any:
		if !builtin || strings.HasPrefix(p.path, ".metadata") {
			v["new"] = []any{"1", map[string]any{"q": 1.0}, []any{1.0}, nil}[r.IntN(4)]
			if builtin || strings.HasPrefix(p.path, ".metadata") {
				v["new"] = "1"
			}
		}
	case []any:
		if len(v) == 0 {
			return
		}
		switch r.IntN(3) {
		case 0:
			m[p.key] = slices.Insert(slices.Clone(v), r.IntN(len(v)+1), another(r, v[r.IntN(len(v))]))
		case 1:
			r.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
		case 2:
			if i := r.IntN(len(v)); !live || !builtin {
				m[p.key] = slices.Delete(slices.Clone(v), i, i+1)
			}
		}
	}
}

// another is a copy under another name.
func another(r *rand.Rand, v any) any {
	var c any
	if err := json.Unmarshal([]byte(text(v)), &c); err != nil {
		panic(err)
	}
	m, ok := c.(map[string]any)
	if !ok {
		return c
	}
	for _, k := range []string{"name", "secretKey", "host"} {
		if s, ok := m[k].(string); ok {
			m[k] = fmt.Sprintf("%s%d", s, r.IntN(1000))
		}
	}
	for _, k := range []string{"containerPort", "port"} {
		if n, ok := m[k].(float64); ok {
			m[k] = n + float64(1+r.IntN(1000))
		}
	}
	return m
}
