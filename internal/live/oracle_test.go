package live

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// wantLeft are live objects that Argo CD lists and does nothing with: hooks,
// and objects with another one's mark (controller/state.go, isSelfReferencedObj).
var wantLeft = map[string]bool{"batch/Job/shop/hook": true, "/Secret/shop/copied": true}

// TestOracle compares with what Argo CD's own code answered
// (conformance/argocd/live).
func TestOracle(t *testing.T) {
	var cases []struct {
		Name, Target, Live string
		Settings           struct {
			Method, LabelKey, InstallationID, App string
			Ignore                                []Ignore
		}
	}
	var answers []struct {
		Name            string
		Repeated, Hooks int
		Targets         map[string]map[string]any
		Results         map[string]struct {
			OutOfSync, OnlyLive bool
			Patch               map[string]any
		}
	}
	dir := or(os.Getenv("KESBRIDGE_LIVE_CASES"), "testdata") // random ones, from conformance/argocd
	read(t, filepath.Join(dir, "cases.yaml"), &cases)
	read(t, filepath.Join(dir, "answers.json"), &answers)
	if len(cases) != len(answers) || len(cases) == 0 {
		t.Fatalf("%d cases, %d answers: run go test ./live -update in conformance/argocd", len(cases), len(answers))
	}
	for i, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			want := answers[i]
			if want.Name != c.Name {
				t.Fatalf("the answer is to %q", want.Name)
			}
			rendered, err := Read("target", []byte(c.Target))
			if err != nil {
				t.Fatal(err)
			}
			liveObjects, err := Read("live", []byte(c.Live))
			if err != nil {
				t.Fatal(err)
			}
			s := Settings{Namespace: "shop", Scopes: NewScopes(liveObjects, rendered), Tracking: Tracking{
				Method: or(c.Settings.Method, TrackAnnotation), LabelKey: or(c.Settings.LabelKey, DefaultLabelKey),
				InstallationID: c.Settings.InstallationID, App: or(c.Settings.App, "web"),
			}}
			targets, err := Normalize(rendered, s)
			if err != nil {
				t.Fatal(err)
			}
			if got := len(targets.Hooks); len(targets.Repeated) != want.Repeated || got != want.Hooks {
				t.Errorf("%d repeated, %d hooks; want %d, %d", len(targets.Repeated), got, want.Repeated, want.Hooks)
			}
			got := map[string]map[string]any{}
			for _, o := range append(targets.Objects, targets.Skipped...) {
				got[name(keyOf(o))] = plainCopy(o.Object)
			}
			if !reflect.DeepEqual(got, want.Targets) {
				t.Errorf("targets\n%s\nwant\n%s", text(got), text(want.Targets))
			}
			cmp, err := Compare(targets, liveObjects, Options{Settings: s, Ignored: c.Settings.Ignore})
			if err != nil {
				t.Fatal(err)
			}
			items := map[string]Item{}
			for _, item := range cmp.Items {
				items[name(item.Key)] = item
			}
			for key, w := range want.Results {
				item, ok := items[key]
				switch {
				case w.OnlyLive && ok && item.State != Pruned:
					t.Errorf("%s is %s", key, item.State)
				case w.OnlyLive && !ok && !wantLeft[key]:
					t.Errorf("%s is only live, and isn't shown", key)
				case w.OnlyLive:
				case !ok && len(targets.Skipped) > 0:
				case !ok:
					t.Errorf("%s isn't compared", key)
				case (item.State != Same) != w.OutOfSync:
					t.Errorf("%s is %s, want out of sync %v; Argo CD's patch: %s\nlive %s\npredicted %s", key, item.State, w.OutOfSync, text(w.Patch), text(item.Diff.Live), text(item.Diff.Predicted))
				case item.State == Changed:
					// Of built-in types Argo CD prints the defaults of new elements, too.
					p := mergeDiff(item.Diff.Live.Object, item.Diff.Predicted.Object)
					want := w.Patch
					if scheme.Scheme.Recognizes(gvkOf(item.Source)) {
						want = commonFields(p, want)
					}
					if !reflect.DeepEqual(p, want) {
						t.Errorf("%s: patch\n%s\nwant\n%s", key, text(p), text(w.Patch))
					}
				}
				delete(items, key)
			}
			for key, item := range items {
				t.Errorf("%s is %s, and Argo CD doesn't know it", key, item.State)
			}
		})
	}
}

func name(k Key) string { return k.Group + "/" + k.Kind + "/" + k.Namespace + "/" + k.Name }

func or(s, preset string) string {
	if s == "" {
		return preset
	}
	return s
}

func read(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func text(v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
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
		case !ok || !reflect.DeepEqual(old, v):
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
