package argocd

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func TestParseParameters(t *testing.T) {
	for in, want := range map[string]int{"": 0, "null": 0, "[]": 0, `[{"name":"a","string":""},{"name":"b","array":[]},{"name":"c","map":{}},{"name":"d"}]`: 4} {
		p, err := ParseParameters(in)
		if err != nil || len(p) != want {
			t.Errorf("%q: %d, %v", in, len(p), err)
		}
	}
	if _, err := ParseParameters("{"); err == nil {
		t.Error("broken JSON is taken")
	}
}

func TestParameterValues(t *testing.T) {
	known := map[string]string{"mode": Text, "images": Array, "helm-parameters": Map}
	for in, want := range map[string]string{
		`[{"name":"mode","string":"keep"},{"name":"images","array":["a"]},{"name":"helm-parameters","map":{"a":"b"}}]`: "",
		`[{"name":"mode"},{"name":"images","array":[]}]`:                                                               "",
		`[{"name":"mode","map":{}}]`:                                           "parameter mode: wants string, not map",
		`[{"name":"image","array":[]}]`:                                        `parameter "image": kesbridge doesn't know it: did you mean "images"?`,
		`[{"name":"mode","string":"keep"},{"name":"mode","string":"replace"}]`: "parameter mode: is there twice",
		`[{"name":"","string":"x"}]`:                                           `parameter "": kesbridge doesn't know it`,
	} {
		p, err := ParseParameters(in)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Values(known)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", in, got, want)
		}
	}
}

func TestSourceParameter(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "# nothing\n": "", "{}": "",
		"helm: {valueFiles: [a], valuesObject: {a: {b: 1}}}":                             "",
		"kustomize:\n  namePrefix: x-\n  replicas: [{name: a, count: 2}]":                "",
		"directory: {recurse: true, jsonnet: {tlas: [{name: a, value: b, code: true}]}}": "",
		"helm: {valuesFiles: [a]}":                                                       "valuesFiles",
		"plugin: {name: x}":                                                              `has the key "plugin"`,
		"path: ../x":                                                                     `has the key "path"`,
		"- helm":                                                                         "wants a mapping",
		"helm: {}\n---\nhelm: {}":                                                        "one YAML document",
		"helm: {":                                                                        "is no YAML",
		"helm: {}\nhelm: {}":                                                             "is no YAML",
		"a: &a [x,x]\nb: &b [*a,*a]":                                                     "has the key",
		strings.Repeat("#", 1<<20) + "x":                                                 "larger",
	} {
		_, err := SourceParameter(in)
		switch {
		case want == "" && err != nil:
			t.Errorf("%.60q: %v", in, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%.60q: got %v, want %q", in, err, want)
		}
	}
}

// Friendly parameters win over the block in source, and nothing that others
// hold is changed.
func TestNative(t *testing.T) {
	shared := &ApplicationSourceHelm{Parameters: []HelmParameter{{Name: "a", Value: "1"}, {Name: "a", Value: "t", ForceString: true}}}
	s := ApplicationSource{Path: "x", Helm: shared}
	err := s.Native(map[string]Value{
		"source":                 {},
		"helm-release-name":      {String: "r"},
		"helm-value-files":       {Array: []string{"v.yaml"}},
		"helm-parameters":        {Map: map[string]string{"b": "2", "a": "3"}},
		"helm-string-parameters": {Map: map[string]string{"c": "4"}},
		"helm-file-parameters":   {Map: map[string]string{"f": "p"}},
		"mode":                   {String: "keep"},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(s.Helm)
	want := `{"valueFiles":["v.yaml"],"parameters":[{"name":"a","value":"t","forceString":true},{"name":"a","value":"3"},{"name":"b","value":"2"},{"name":"c","value":"4","forceString":true}],"releaseName":"r","fileParameters":[{"name":"f","path":"p"}]}`
	if err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if len(shared.Parameters) != 2 || shared.Parameters[0].Value != "1" {
		t.Errorf("another's block changed: %+v", shared)
	}

	k := ApplicationSource{}
	err = k.Native(map[string]Value{"source": {String: "kustomize: {namePrefix: a-, images: [x]}"}, "images": {Array: []string{"y"}}, "replicas": {Map: map[string]string{"web": "3"}}, "common-labels": {Map: map[string]string{"l": "1"}}, "common-annotations": {Map: map[string]string{"n": "1"}}, "name-suffix": {String: "-z"}, "namespace": {String: "ns"}})
	got, _ = json.Marshal(k.Kustomize)
	if want := `{"namePrefix":"a-","nameSuffix":"-z","images":["y"],"commonLabels":{"l":"1"},"commonAnnotations":{"n":"1"},"namespace":"ns","replicas":[{"name":"web","count":3}]}`; err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	d := ApplicationSource{}
	err = d.Native(map[string]Value{"directory-recurse": {String: "true"}, "directory-include": {String: "*.yaml"}, "directory-exclude": {String: "x*"}})
	if got, _ := json.Marshal(d.Directory); err != nil || string(got) != `{"recurse":true,"exclude":"x*","include":"*.yaml"}` {
		t.Errorf("got %s, %v", got, err)
	}

	for name, v := range map[string]map[string]Value{
		"two tools":    {"source": {String: "helm: {}"}, "images": {Array: []string{"x"}}},
		"no number":    {"replicas": {Map: map[string]string{"a": "many"}}},
		"no boolean":   {"directory-recurse": {String: "yes!"}},
		"broken block": {"source": {String: "helm: {nothing: 1}"}},
	} {
		var s ApplicationSource
		if err := s.Native(v); err == nil {
			t.Errorf("%s: taken as %+v", name, s)
		} else if e := (*MultipleTypesError)(nil); name == "two tools" && !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every parameter of the source changes something.
func TestSourceParamsCount(t *testing.T) {
	for _, p := range SourceParams() {
		v := Value{String: "true"}
		switch p.Collection {
		case Array:
			v = Value{Array: []string{"x"}}
		case Map:
			v = Value{Map: map[string]string{"x": "1"}}
		}
		if p.Name == "source" {
			v.String = "helm: {releaseName: x}"
		}
		var s ApplicationSource
		if err := s.Native(map[string]Value{p.Name: v}); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if s.Helm == nil && s.Kustomize == nil && s.Directory == nil {
			t.Errorf("%s changes nothing", p.Name)
		}
	}
}

func TestIsPlugin(t *testing.T) {
	for name, want := range map[string]bool{"kesbridge": true, "kesbridge-v1": true, "kesbridger": false, "": false, "other": false} {
		if got := IsPlugin(&ApplicationSourcePlugin{Name: name}); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	if IsPlugin(nil) {
		t.Error("no block is a plugin's")
	}
}
