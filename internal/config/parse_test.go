package config

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden files and the published schema")

// golden compares with a file, or writes it.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("%s differs (write it with -update); got:\n%s", file, got)
	}
}

func parseFile(t *testing.T, file string) (*Config, error) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return Parse(file, data)
}

// TestErrorsAllAtOnce: every mistake of a file in one run, in its order.
func TestErrorsAllAtOnce(t *testing.T) {
	_, err := parseFile(t, "bad.yaml")
	if err == nil {
		t.Fatal("no error")
	}
	golden(t, "testdata/bad.golden", []byte(err.Error()+"\n"))
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"not a mapping", "- a\n", "k:1:1: want a mapping with the keys defaults, controller, stores, clusters, modes, locked, templates, references, apps, waivers, not a list"},
		{"text", "hello\n", `k:1:1: want a mapping with the keys defaults, controller, stores, clusters, modes, locked, templates, references, apps, waivers, not the text "hello"`},
		{"two documents", "stores: []\n---\nstores: []\n", "k:2:1: a second document: kesbridge.yaml holds one"},
		{"far from any key", "nonsense: 1\n", "k:1:1: nonsense: unknown key: use defaults, controller, stores, clusters, modes, locked, templates, references, apps, waivers"},
		{"other case", "Stores: []\n", `k:1:1: Stores: unknown key: did you mean "stores"?`},
		{"duplicate", "stores: []\n\"stores\": []\n", "k:2:1: stores: is given twice"},
		{"duplicate variable", "controller: {env: {A: 1, A: 2}}\n", "k:1:26: controller.env.A: is given twice"},
		{"alias", "controller: {env: &e {A: x}}\nclusters: {p: {controller: {env: *e}}}\n", "k:2:34: clusters.p.controller.env: aliases are not supported here: write the value out"},
		{"merge key", "defaults: &d {}\ncontroller: {<<: *d}\n", "k:2:14: controller: aliases and merge keys are not supported here: write the value out"},
		{"list as key", "? [a]\n: b\n", "k:1:3: want a name as key, not a list"},
		{"alias to itself", "stores: &a [*a]\n", "k:1:13: stores[0]: aliases are not supported here: write the value out"},
		{"lying tag", "defaults: {esoVersion: !!float abc}\n", `k:1:24: defaults.esoVersion: want a major and minor version such as "1.3", not a number`},
		{"own tag", "defaults: !mine {}\n", "k:1:11: defaults: want a mapping with the keys refreshInterval, esoVersion, onUnsupported, unmatched, origin, ibmGroup, fidelity, mode, final, guard, not a mapping"},
		{"variable in lower case", "controller: {env: {aws_region: x}}\n", `k:1:20: controller.env.aws_region: is not a variable of KES: did you mean "AWS_REGION"?`},
		{"negative duration", "defaults: {refreshInterval: -1m}\n", `k:1:29: defaults.refreshInterval: "-1m" is not a duration such as "15m", "1h30m" or "45s"`},
		{"endless duration", "defaults: {refreshInterval: 99999999h}\n", `k:1:29: defaults.refreshInterval: "99999999h" is too long a duration`},
		{"empty path", "stores: [{store: {name: a, path: \"\"}}]\n", "k:1:34: stores[0].store.path: is empty: give a value, or leave the key out"},
		{"store without name", "stores: [{store: }]\n", `k:1:18: stores[0].store: needs the key "name"`},
		{"dead pattern", "stores: [{match: {backend: \"aws*\"}}]\n", `k:1:28: stores[0].match.backend: "aws*" fits no backendType of KES: use one of secretsManager, systemManager, vault, azureKeyVault, gcpSecretsManager, alicloudSecretsManager, ibmcloudSecretsManager, akeyless`},
		{"old spelling", "stores: [{match: {backend: secretManager}}]\n", `k:1:28: stores[0].match.backend: "secretManager" fits no backendType of KES: did you mean "secretsManager"?`},
		{"accents count once", "clusters: {é: {server: x}}\n", `k:1:24: clusters["é"].server: "x" is not the URL of a server, such as https://k8s.example`},
		{"unclosed", "stores: [\n", "k:2:1: not valid YAML: did not find expected node content"},
		{"bad indentation", "defaults:\n  origin: true\n stores: []\n", "k:3:2: not valid YAML: did not find expected key"},
		{"tab", "defaults:\n\torigin: true\n", "k:2:2: not valid YAML: found character that cannot start any token"},
		{"unknown anchor", "defaults: {}\nstores: *x\n", "k:2:1: not valid YAML: unknown anchor 'x' referenced"},
		{"not UTF-8", "stores: []\n# \xff\n", "k:2:3: not UTF-8 text"},
		{"control character", "stores: []\n# é\x00\n", `k:2:4: control character '\x00'`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("k", []byte(tt.in))
			if err == nil {
				t.Fatal("no error")
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("not an *Error: %T", err)
			}
		})
	}
}

func TestEmpty(t *testing.T) {
	for _, in := range []string{"", "\n", "# nothing\n", "---\n", "null\n", "{}\n", "\ufeff", "stores:\ndefaults:\ncontroller:\nclusters:\n"} {
		c, err := Parse("k", []byte(in))
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if _, err := c.For(""); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(filepath.Join(dir, "absent.yaml")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "absent.yaml") {
		t.Errorf("absent: %v", err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("directory: %v", err)
	}
	c, err := Load(filepath.Join("testdata", "full.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Stores[1].Pos.String(); got != filepath.Join("testdata", "full.yaml")+":22:5" {
		t.Errorf("position of the second rule: %s", got)
	}
}

// TestTableHasAllFields: what the table lets through has a place in the types,
// and nothing in the types can't be written.
func TestTableHasAllFields(t *testing.T) {
	compareShape(t, "", file(), reflect.TypeFor[Config]())
}

func compareShape(t *testing.T, way string, s *shape, typ reflect.Type) {
	switch s.kind {
	case object:
		tags := map[string]reflect.Type{}
		for i := range typ.NumField() {
			if tag := typ.Field(i).Tag.Get("yaml"); tag != "-" {
				tags[tag] = typ.Field(i).Type
			}
		}
		for _, f := range s.fields {
			ft, ok := tags[f.name]
			delete(tags, f.name)
			if ok == f.later {
				t.Errorf("%s.%s: in the type: %v, later: %v", way, f.name, ok, f.later)
			} else if ok {
				compareShape(t, way+"."+f.name, f.shape, ft)
			}
		}
		for tag := range tags {
			t.Errorf("%s.%s is not in the table", way, tag)
		}
	case list:
		compareShape(t, way+"[]", s.item, typ.Elem())
	case dictionary:
		compareShape(t, way+"{}", s.item, typ.Elem())
	case globs:
		if typ != reflect.TypeFor[Globs]() {
			t.Errorf("%s is a %s", way, typ)
		}
	case text:
		if typ.Kind() != reflect.String {
			t.Errorf("%s is a %s", way, typ)
		}
	case boolean:
		if typ.Kind() != reflect.Bool && typ != reflect.TypeFor[*bool]() {
			t.Errorf("%s is a %s", way, typ)
		}
	}
}

// FuzzParse: no input makes it panic or lets through what the types can't
// hold, and every error points into the file.
func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range seeds {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{"stores: &a [*a]", "? {a: b}\n: c", "!!null x: y", "stores: !!seq {}", "\ufeffstores: [", "a: 'b\r\n c", "clusters: {a: {labels: {b: }}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("k", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("configuration %v with error %v", c, err)
		}
		if err == nil {
			useAll(t, c)
			return
		}
		lines := lineBreak.Split(string(data), -1)
		for _, e := range flatten(err) {
			var one *Error
			if !errors.As(e, &one) {
				t.Fatalf("an error without a place: %v", e)
			}
			if one.Pos.Line < 1 || one.Pos.Line > len(lines) || one.Pos.Column < 1 {
				t.Fatalf("outside of the file's %d lines: %v", len(lines), e)
			}
			if n := utf8.RuneCountInString(lines[one.Pos.Line-1]); one.Pos.Column > n+2 {
				t.Fatalf("outside of the line's %d characters: %v", n, e)
			}
		}
	})
}

func flatten(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		return j.Unwrap()
	}
	return []error{err}
}

// useAll does with a configuration what its users do.
func useAll(t *testing.T, c *Config) {
	for _, name := range append(c.ClusterNames(), "") {
		s, err := c.For(name)
		if err != nil {
			continue
		}
		for _, r := range s.Stores {
			r.Match.Holds(Facts{Backend: "vault", Name: "web", Labels: map[string]string{"tier": "web"}})
			if r.Store.Name != "" && r.Store.Kind == "" {
				t.Fatal("a store without kind")
			}
		}
	}
}
