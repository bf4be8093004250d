// Package live asks Argo CD's own code what kesbridge diff --live has to say:
// it answers the cases of internal/live.
package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/argoproj/argo-cd/v3/controller"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo"
	argodiff "github.com/argoproj/argo-cd/v3/util/argo/diff"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/gitops-engine/pkg/sync"
	"github.com/argoproj/gitops-engine/pkg/utils/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write answers.json beside the cases")

const cases = "../../../internal/live/testdata"

type testCase struct {
	Name     string `json:"name"`
	Target   string `json:"target"`
	Live     string `json:"live"`
	Settings struct {
		Method         string   `json:"method"`
		LabelKey       string   `json:"labelKey"`
		InstallationID string   `json:"installationID"`
		App            string   `json:"app"`
		Ignore         []ignore `json:"ignore"`
	} `json:"settings"`
}

type ignore struct {
	Group    string   `json:"group"`
	Kind     string   `json:"kind"`
	Name     string   `json:"name"`
	Pointers []string `json:"pointers"`
}

// answer is what Argo CD makes of a case.
type answer struct {
	Name string `json:"name"`
	// Repeated is how many keys came more than once, Hooks how many objects
	// aren't compared.
	Repeated int `json:"repeated"`
	Hooks    int `json:"hooks"`
	// Targets are the objects after normalisation, by key.
	Targets map[string]any `json:"targets"`
	// Results are by key, too.
	Results map[string]result `json:"results"`
}

type result struct {
	OutOfSync bool `json:"outOfSync"`
	// OnlyLive: nothing renders it; it is to be pruned.
	OnlyLive bool `json:"onlyLive,omitempty"`
	// Patch is what a sync changes, as a JSON merge patch of what is live.
	Patch any `json:"patch,omitempty"`
}

// cluster answers as discovery would.
type cluster struct{}

func (cluster) IsNamespaced(gk schema.GroupKind) (bool, error) {
	if gk.Group == "unknown.example.com" {
		return false, errors.New("unknown")
	}
	return !slices.Contains([]string{
		"Namespace", "ClusterRole.rbac.authorization.k8s.io", "ClusterSecretStore.external-secrets.io", "Widget.example.com",
		"CustomResourceDefinition.apiextensions.k8s.io", "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
	}, gk.String()), nil
}

func TestAnswers(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(cases, "cases.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var list []testCase
	if err := yaml.UnmarshalStrict(data, &list); err != nil {
		t.Fatal(err)
	}
	got := askAll(t, list)
	file := filepath.Join(cases, "answers.json")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("Argo CD answers otherwise than %s says; read the difference after go test -update, then make internal/live agree", file)
	}
}

// askAll gives the file with the answers.
func askAll(t *testing.T, list []testCase) []byte {
	t.Helper()
	answers := []answer{}
	for _, c := range list {
		a, err := ask(c)
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		answers = append(answers, a)
	}
	out, err := json.MarshalIndent(answers, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func ask(c testCase) (answer, error) {
	a := answer{Name: c.Name, Targets: map[string]any{}, Results: map[string]result{}}
	s := c.Settings
	method, key, app := or(s.Method, "annotation"), or(s.LabelKey, "app.kubernetes.io/instance"), or(s.App, "web")
	const namespace = "shop"
	tracking := argo.NewResourceTracking()
	mark := func(o *unstructured.Unstructured) error {
		return tracking.SetAppInstance(o, key, app, namespace, v1alpha1.TrackingMethod(method), s.InstallationID)
	}
	targets, err := repoServer(c.Target, mark)
	if err != nil {
		return a, err
	}
	// controller/state.go, normalizeClusterScopeTracking, which isn't exported.
	for _, o := range targets {
		if !kube.IsNamespacedOrUnknown(cluster{}, o.GroupVersionKind().GroupKind()) && o.GetNamespace() != "" {
			o.SetNamespace("")
			if err := mark(o); err != nil {
				return a, err
			}
		}
	}
	targets, conditions, err := controller.DeduplicateTargetObjects(namespace, targets, cluster{})
	if err != nil {
		return a, err
	}
	a.Repeated = len(conditions)
	liveObjects, err := split(c.Live)
	if err != nil {
		return a, err
	}
	byKey := map[kube.ResourceKey]*unstructured.Unstructured{}
	for i, o := range liveObjects {
		if o.GetUID() == "" {
			o.SetUID(types.UID(strconv.Itoa(i))) // equal ones are taken for one object
		}
		byKey[kube.GetResourceKey(o)] = o
	}
	all := len(targets)
	r := sync.Reconcile(targets, byKey, namespace, cluster{})
	for _, o := range r.Target {
		if o != nil {
			a.Targets[name(o)] = o.Object
			all--
		}
	}
	a.Hooks = all

	overrides := map[string]v1alpha1.ResourceOverride{"*/*": {IgnoreDifferences: v1alpha1.OverrideIgnoreDiff{JSONPointers: []string{"/status"}}}}
	ignores := []v1alpha1.ResourceIgnoreDifferences{}
	for _, i := range s.Ignore {
		ignores = append(ignores, v1alpha1.ResourceIgnoreDifferences{Group: i.Group, Kind: i.Kind, Name: i.Name, JSONPointers: i.Pointers})
	}
	config, err := argodiff.NewDiffConfigBuilder().WithDiffSettings(ignores, overrides, false, normalizers.IgnoreNormalizerOpts{}).
		WithTracking(key, method).WithNoCache().Build()
	if err != nil {
		return a, err
	}
	diffs, err := argodiff.StateDiffs(r.Live, r.Target, config)
	if err != nil {
		return a, err
	}
	for i, d := range diffs.Diffs {
		o := r.Target[i]
		if o == nil {
			o = r.Live[i]
		}
		res := result{OutOfSync: d.Modified, OnlyLive: r.Target[i] == nil}
		if d.Modified && r.Live[i] != nil {
			if res.Patch, err = patch(d.NormalizedLive, d.PredictedLive); err != nil {
				return a, err
			}
		}
		a.Results[name(o)] = res
	}
	return a, nil
}

// name is group/Kind/namespace/name.
func name(o *unstructured.Unstructured) string {
	k := kube.GetResourceKey(o)
	return k.String()
}

// repoServer is reposerver/repository, GenerateManifests, behind the tool.
func repoServer(text string, mark func(*unstructured.Unstructured) error) ([]*unstructured.Unstructured, error) {
	objects, err := split(text)
	if err != nil {
		return nil, err
	}
	var out []*unstructured.Unstructured
	for _, o := range objects {
		switch {
		case o.IsList():
			err = o.EachListItem(func(item runtime.Object) error {
				out = append(out, item.(*unstructured.Unstructured))
				return nil
			})
			if err != nil {
				return nil, err
			}
		case o.Object["items"] == nil && o.GetKind() == "ConfigMapList":
		default:
			out = append(out, o)
		}
	}
	for _, o := range out {
		if !kube.IsCRD(o) {
			if err := mark(o); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func split(text string) ([]*unstructured.Unstructured, error) {
	d := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader([]byte(text)), 4096)
	var out []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if o != nil {
			out = append(out, o)
		}
	}
}

// patch is a JSON merge patch, without what only defaults of new list
// elements make.
func patch(before, after []byte) (any, error) {
	var a, b map[string]any
	if err := json.Unmarshal(before, &a); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &b); err != nil {
		return nil, err
	}
	return mergeDiff(a, b), nil
}

func mergeDiff(a, b map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range b {
		old, ok := a[k]
		m, isMap := v.(map[string]any)
		oldMap, wasMap := old.(map[string]any)
		switch {
		case ok && isMap && wasMap:
			if d := mergeDiff(oldMap, m); len(d) > 0 {
				out[k] = d
			}
		case !ok || !equal(old, v):
			out[k] = v
		}
	}
	for k := range a {
		if _, ok := b[k]; !ok {
			out[k] = nil
		}
	}
	return out
}

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func or(s, preset string) string {
	if s == "" {
		return preset
	}
	return s
}
