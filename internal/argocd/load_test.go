package argocd

import (
	"errors"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
)

func TestParse(t *testing.T) {
	const stream = `# a comment
apiVersion: v1
kind: ConfigMap
data: {x: "{{ not a template"}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: one, namespace: argocd}
spec: {source: {repoURL: r, path: p, helm: {valuesObject: {num: 12345678901234567890, f: 1.50}}}, destination: {}, project: x}
---
this: [is, broken
---
{"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "x"}}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Secret
- &a
  apiVersion: argoproj.io/v1alpha1
  kind: Application
  metadata: {name: two}
  spec: {}
---
- apiVersion: argoproj.io/v1alpha1
  kind: Application
  metadata: {name: three}
  spec: {}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationList
items:
- metadata: {name: four}
  spec: {}
`
	apps, err := Parse("f.yaml", []byte(stream), &Checkout{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range apps {
		got = append(got, a.Metadata.Name+" "+a.Pos.String())
	}
	if want := "one f.yaml:6:1|two f.yaml:20:3|three f.yaml:26:3|four f.yaml:34:3"; strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	if raw := string(apps[0].Spec.Source.Helm.ValuesObject.Raw); raw != `{"f":1.5,"num":12345678901234567890}` {
		t.Errorf("values: %s", raw)
	}
	var none *NoneError
	if _, err := Parse("f.yaml", []byte("a: b"), nil, Options{}); !errors.As(err, &none) {
		t.Error(err)
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "apiVersion: argoproj.io/v1alpha1\nkind: Application\n"
	for _, c := range []struct{ name, text, want string }{
		{"broken", head + "metadata: {name: [}\n", "invalid document"},
		{"unknown option", head + "metadata: {name: a}\nspec: {source: {helm: {skipCRDs: true}}}\n", "f.yaml:1:1: Application/a: spec.source.helm.skipCRDs: the field isn't supported: no such field is known; did you mean skipCrds?"},
		{"unknown in a list", head + "metadata: {name: a}\nspec: {sources: [{}, {kustomize: {patches: [{target: {knd: x}}]}}]}\n", "spec.sources[1].kustomize.patches[0].target.knd"},
		{"type", head + "metadata: {name: a}\nspec: {source: []}\n", "read Application: json: cannot unmarshal array"},
		{"no name", head + "metadata: {}\n", `metadata.name "": not the name of an object`},
		{"odd name", head + "metadata: {name: ../a}\n", "not the name of an object"},
		{"odd namespace", head + "metadata: {name: a, namespace: A/b}\n", "not the name of a namespace"},
		{"two at once", head + "metadata: {name: A}\n---\n" + head + "metadata: {name: B}\n", "f.yaml:5:1"},
	} {
		if _, err := Parse("f.yaml", []byte(c.text), &Checkout{}, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	var syntax *manifest.SyntaxError
	if _, err := Parse("f.yaml", []byte(head+"x: [\n"), nil, Options{}); !errors.As(err, &syntax) {
		t.Error(err)
	}
	if _, err := Load("testdata", testCheckout(), Options{}); err == nil {
		t.Error("a directory")
	}
}
