package argocd

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func entries(pairs ...string) Env {
	var e Env
	for i := 0; i < len(pairs); i += 2 {
		e = append(e, &EnvEntry{Name: pairs[i], Value: pairs[i+1]})
	}
	return e
}

// Argo CD 3.1.16 gives the same for these and for 6000 made-up texts.
func TestExpand(t *testing.T) {
	t.Setenv("HOME", "/secret")
	env := entries("A", "1", "ARGOCD_APP_NAME", "team-a_app", "A", "2", "D", "$A")
	for in, want := range map[string]string{
		"":                          "",
		"plain":                     "plain",
		"$A-${A}":                   "2-2",
		"x-$ARGOCD_APP_NAME-$$HOME": "x-team-a_app-$HOME",
		"$HOME${HOME}":              "",
		"$D":                        "$A",
		"$A_B":                      "",
		"$$$A":                      "$2",
		"${A":                       "A",
		"$":                         "$",
		"100%$ ":                    "100%$ ",
	} {
		got, err := env.Expand(in)
		if err != nil || got != want {
			t.Errorf("Expand(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	bomb := entries("A", strings.Repeat("x", 10_000))
	var limit *LimitError
	if _, err := bomb.Expand(strings.Repeat("$A ", 10_000)); !errors.As(err, &limit) {
		t.Errorf("a bomb: %v", err)
	}
}

func FuzzExpand(f *testing.F) {
	for _, s := range []string{"$A", "${A}", "$$", "${", "$A$$A${B}", "${$}", "é$é"} {
		f.Add(s, "v")
	}
	f.Fuzz(func(t *testing.T, s, value string) {
		env := entries("A", value)
		got, err := env.Expand(s)
		if err != nil {
			return
		}
		if want := os.Expand(s, func(n string) string { return map[string]string{"A": value, "$": "$"}[n] }); got != want {
			t.Errorf("Expand(%q) = %q, want %q", s, got, want)
		}
	})
}

func TestMergeSource(t *testing.T) {
	for _, c := range []struct {
		name, source, common, own, want string
		fails                           bool
	}{
		{"nothing", `{"repoURL":"r","path":"p"}`, "", "", `{"repoURL":"r","path":"p"}`, false},
		{"a block", `{"repoURL":"r"}`, "helm: {releaseName: x}", "", `{"repoURL":"r","helm":{"releaseName":"x"}}`, false},
		{"own after common", `{"repoURL":"r"}`, "helm: {releaseName: x, values: 'a: 1'}", "helm: {releaseName: z}", `{"repoURL":"r","helm":{"releaseName":"z","values":"a: 1"}}`, false},
		{"null keeps a block", `{"repoURL":"r","helm":{"releaseName":"x"}}`, "helm: null\ndirectory: {recurse: true}", "", `{"repoURL":"r","helm":{"releaseName":"x"},"directory":{"recurse":true}}`, false},
		{"the place is kept", `{"repoURL":"r","path":"p","targetRevision":"t"}`, "repoURL: evil\npath: ../..\ntargetRevision: x\nchart: c", "", `{"repoURL":"r","path":"p","targetRevision":"t"}`, false},
		{"lists are replaced", `{"repoURL":"r","helm":{"valueFiles":["a","b"]}}`, "helm: {valueFiles: [c]}", "", `{"repoURL":"r","helm":{"valueFiles":["c"]}}`, false},
		{"but elements leave traces", `{"repoURL":"r","helm":{"parameters":[{"name":"a","value":"1","forceString":true}]}}`, "helm: {parameters: [{name: b, value: '2'}]}", "", `{"repoURL":"r","helm":{"parameters":[{"name":"b","value":"2","forceString":true}]}}`, false},
		{"maps are merged and keep what is null", `{"repoURL":"r","kustomize":{"commonLabels":{"a":"1","b":"2"}}}`, "kustomize: {commonLabels: {a: null, c: '3'}}", "", `{"repoURL":"r","kustomize":{"commonLabels":{"a":"1","b":"2","c":"3"}}}`, false},
		{"numbers keep their spelling", `{"repoURL":"r","helm":{"valuesObject":{"a":{"n":1.50}}}}`, "helm: {valuesObject: {a: {m: 1}}}", "", `{"repoURL":"r","helm":{"valuesObject":{"a":{"m":1,"n":1.50}}}}`, false},
		{"empty", `{"repoURL":"r"}`, "# nothing\n", "", "", true},
		{"a list", `{"repoURL":"r"}`, "[]", "", "", true},
		{"a wrong type", `{"repoURL":"r"}`, "helm: {parameters: {}}", "", "", true},
		{"broken", `{"repoURL":"r"}`, "helm: [", "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, ".argocd-source.yaml", c.common)
			write(t, dir, ".argocd-source-ns_app.yaml", c.own)
			got, err := mergeIn(t, dir, c.source)
			if (err != nil) != c.fails {
				t.Fatal(err)
			}
			if c.fails {
				var e *Error
				if !errors.As(err, &e) || e.Pos.File != ".argocd-source.yaml" {
					t.Errorf("no place: %v", err)
				}
				return
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if text == "" {
		return
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func mergeIn(t *testing.T, dir, source string) (string, error) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var s ApplicationSource
	if err := json.Unmarshal([]byte(source), &s); err != nil {
		t.Fatal(err)
	}
	_, err = MergeSource(root, ".", "ns_app", &s)
	b, _ := json.Marshal(s)
	return string(b), err
}

// Merging never panics, and what comes out can be printed and read.
func FuzzMergeSource(f *testing.F) {
	f.Add(`{"repoURL":"r","helm":{"parameters":[{"name":"a"}]}}`, "helm: {parameters: [{value: x}]}")
	f.Add(`{"repoURL":"r","plugin":{"parameters":[{"name":"a","map":{"b":"c"}}]}}`, "plugin: {parameters: [{array: []}]}")
	f.Add(`{"kustomize":{"replicas":[{"name":"a","count":1}]}}`, "kustomize: {replicas: [{count: x}]}")
	f.Add(`{"directory":{"jsonnet":{"tlas":[{"name":"a","value":"b"}]}}}`, "{directory: null, chart: c}")
	f.Fuzz(func(t *testing.T, source, patch string) {
		var s ApplicationSource
		if json.Unmarshal([]byte(source), &s) != nil {
			return
		}
		if mergeParameters(&s, []byte(patch)) != nil {
			return
		}
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var again ApplicationSource
		if err := json.Unmarshal(b, &again); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	})
}

func TestExplicitType(t *testing.T) {
	s := ApplicationSource{Helm: &ApplicationSourceHelm{}, Directory: &ApplicationSourceDirectory{}}
	_, err := s.ExplicitType()
	var many *MultipleTypesError
	if !errors.As(err, &many) || err.Error() != "multiple application sources defined: Helm,Directory" {
		t.Error(err)
	}
	s = ApplicationSource{Plugin: &ApplicationSourcePlugin{}, Kustomize: &ApplicationSourceKustomize{}}
	if _, err = s.ExplicitType(); err == nil || err.Error() != "multiple application sources defined: Kustomize,Plugin" {
		t.Error(err)
	}
	if kind, err := (&ApplicationSource{}).ExplicitType(); kind != "" || err != nil {
		t.Error(kind, err)
	}
}

// Both tables name fields that there are.
func TestFieldTables(t *testing.T) {
	full := reflect.ValueOf(&ApplicationSource{Helm: &ApplicationSourceHelm{}, Kustomize: &ApplicationSourceKustomize{},
		Directory: &ApplicationSourceDirectory{}, Plugin: &ApplicationSourcePlugin{}})
	for _, table := range []map[string]string{Unsupported, Ignored} {
		for field, reason := range table {
			if !lookup(full, field).IsValid() || reason == "" {
				t.Errorf("%s: no such field, or no reason", field)
			}
		}
	}
	for field := range Unsupported {
		s := &ApplicationSource{Kustomize: &ApplicationSourceKustomize{}, Directory: &ApplicationSourceDirectory{}}
		switch v := lookup(reflect.ValueOf(s), field); v.Kind() {
		case reflect.String:
			v.SetString("x")
		case reflect.Bool:
			v.SetBool(true)
		default:
			t.Fatalf("%s: %s", field, v.Kind())
		}
		var e *UnsupportedError
		if err := checkSupported(s); !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := checkSupported(&ApplicationSource{Helm: &ApplicationSourceHelm{Version: "v2"}}); err == nil {
		t.Error("helm v2 is taken")
	}
	if err := checkSupported(&ApplicationSource{Helm: &ApplicationSourceHelm{Version: "v3"}}); err != nil {
		t.Error(err)
	}
}
