package argocd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func set(spec string) []byte {
	return []byte("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec:\n" + spec)
}

const plainTemplate = "  template: {metadata: {name: 'x-{{a}}'}, spec: {}}\n"

func TestSetRefuses(t *testing.T) {
	git := func(rest string) string {
		return "  generators: [{git: {repoURL: https://git.example/apps, revision: HEAD, " + rest + "}}]\n" + plainTemplate
	}
	for _, c := range []struct{ name, spec, want string }{
		{"scm", "  generators: [{scmProvider: {github: {}}}]\n", "argocd appset generate FILE -o yaml"},
		{"pull request in a matrix", "  generators: [{matrix: {generators: [{list: {elements: [{a: b}]}}, {pullRequest: {}}]}}]\n", "generator pullRequest needs what isn't in a checkout"},
		{"oci", "  generators: [{oci: {repoURL: oci://x}}]\n", "generator oci needs what isn't in a checkout"},
		{"unknown", "  generators: [{lists: {}}]\n", "unknown generator lists"},
		{"none", "  generators: []\n", "unknown generator (none)"},
		{"empty", "  generators: [{}]\n", "unknown generator (none)"},
		{"too nested", "  generators: [{matrix: {generators: [{list: {elements: [{a: b}]}}, {matrix: {generators: [{list: {elements: [{c: d}]}}, {matrix: {}}]}}]}}]\n", "unknown generator matrix"},
		{"three in a matrix", "  generators: [{matrix: {generators: [{list: {}}, {list: {}}, {list: {}}]}}]\n", "found 3 generators"},
		{"two in an entry of a matrix", "  generators: [{matrix: {generators: [{list: {elements: []}, clusters: {}}, {list: {}}]}}]\n", "more than one generator"},
		{"no clusters", "  generators: [{clusters: {selector: {matchLabels: {a: b}}}}]\n", "under clusters: in kesbridge.yaml"},
		{"no keys", "  generators: [{merge: {generators: [{list: {}}, {list: {}}]}}]\n", "no merge keys"},
		{"keys twice", "  generators: [{merge: {mergeKeys: [a], generators: [{list: {elements: [{a: b}, {a: b}]}}, {list: {}}]}}]\n", "not unique"},
		{"values differ", "  generators: [{matrix: {generators: [{list: {elements: [{a: b}]}}, {list: {elements: [{a: c}]}}]}}]\n", "found duplicate key a"},
		{"a number", "  generators: [{list: {elements: [{a: 1}]}}]\n" + plainTemplate, "error parsing value as string"},
		{"names twice", "  generators: [{list: {elements: [{a: b}, {a: b}]}}]\n" + plainTemplate, "have this name"},
		{"name unresolved", "  generators: [{list: {elements: [{b: b}]}}]\n" + plainTemplate, `metadata.name "x-{{a}}"`},
		{"open tag", "  generators: [{list: {elements: [{a: b}]}}]\n  template: {metadata: {name: '{{a}}{{'}}\n", "cannot find end tag"},
		{"another repository", strings.Replace(git("files: [{path: x}]"), "git.example", "other.example", 1), "the git generator is in the repository https://other.example/apps"},
		{"no paths", git("values: {a: b}"), "neither directories nor files"},
		{"bad glob", git("directories: [{path: '['}]"), "syntax error in pattern"},
		{"magic", git("files: [{path: ':(glob)x'}]"), "pathspec magic"},
		{"outside", git("files: [{path: ../x}]"), "outside the repository"},
		{"option", "  goTemplate: true\n  goTemplateOptions: [nope]\n  generators: [{list: {elements: [{a: b}]}}]\n", `"nope" isn't an option`},
		{"selector", "  generators: [{list: {elements: []}, selector: {matchExpressions: [{key: a, operator: Gt, values: ['1']}]}}]\n", `"Gt" is not a valid operator`},
		{"kind of values", "  goTemplate: true\n  generators: [{matrix: {generators: [{list: {elements: [{values: {a: 1}}]}}, {clusters: {values: {b: c}}}]}}]\n", "parameter values"},
	} {
		_, err := Parse("f.yaml", set(c.spec), testCheckout(), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "f.yaml:1:1: ApplicationSet/s: ") {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// What a stranger's ApplicationSet could do to the machine.
func TestHostileTemplates(t *testing.T) {
	t.Setenv("SECRET", "leaked")
	start := time.Now()
	for _, text := range []string{
		`{{ env "SECRET" }}`, `{{ expandenv "$SECRET" }}`, `{{ getHostByName "localhost" }}`,
		`{{ repeat 999999999 "x" }}`, `{{ repeat 1000000 (repeat 1000000 "x") }}`, `{{ until 999999999 }}`, `{{ untilStep 0 999999999 1 }}`, `{{ seq 1 999999999 }}`,
		`{{ indent 999999999 "x" }}`, `{{ "x" | nindent 99999999 }}`, `{{ printf "%900000d%900000d" 1 1 }}`,
		`{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 100 }}{{ $x = print $x $x }}{{ end }}`,
		`{{ $x := "xxxxxxxxxxxxxxxx" }}{{ range until 100 }}{{ $x = cat $x $x }}{{ end }}`,
		`{{ $x := list 1 }}{{ range until 100 }}{{ $x = list $x $x }}{{ end }}{{ toJson $x }}`,
		`{{ $x := dict }}{{ $_ := set $x "x" $x }}{{ $x }}`,
		`{{ replace "x" (repeat 1000000 "y") (repeat 1000000 "x") }}`, `{{ regexReplaceAll "x" (repeat 1000000 "x") (repeat 1000000 "y") }}`,
		`{{ join (repeat 1000000 "x") (until 100000) }}`, `{{ randAlpha 999999999 }}`, `{{ range until 100000 }}{{ repeat 1000 "x" }}{{ end }}`,
		`{{ define "a" }}{{ template "a" }}{{ end }}{{ template "a" }}`,
		`{{ wrapWith 1 (repeat 100000 "y") (repeat 100000 "x") }}`, `{{ tpl .t . }}`, `{{ fail "x" }}`, `{{ slugify "a" "b" }}`, `{{ index .nope 3 }}`,
	} {
		spec := "  goTemplate: true\n  generators: [{list: {elements: [{a: b, t: '{{ tpl .t . }}'}]}}]\n  template: {metadata: {name: x, annotations: {x: '" + text + "'}}}\n"
		apps, err := Parse("f.yaml", set(spec), testCheckout(), Options{})
		if err == nil {
			t.Errorf("%s: made %d bytes", text, len(apps[0].Metadata.Annotations["x"]))
		} else if strings.Contains(err.Error(), "leaked") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if took := time.Since(start); took > 5*time.Minute {
		t.Errorf("took %s", took)
	}
	// Anchors that multiply, and many Applications.
	bomb := "  a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		bomb += "  " + string(c) + ": &" + string(c) + " [" + strings.Repeat("*"+string(c-1)+",", 10) + "]\n"
	}
	if _, err := Parse("f.yaml", set(bomb), testCheckout(), Options{}); err == nil {
		t.Error("a bomb of anchors")
	}
	elements := strings.Repeat("{a: b},", 300)
	many := "  generators: [{matrix: {generators: [{list: {elements: [" + elements + "]}}, {list: {elements: [" + elements + "]}}]}}]\n"
	var limit *LimitError
	if _, err := Parse("f.yaml", set(many), testCheckout(), Options{}); !errors.As(err, &limit) {
		t.Errorf("90,000 Applications: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("  generators: [{list: {elements: [{a: b}]}}]\n" + plainTemplate)
	f.Add("  goTemplate: true\n  generators: [{clusters: {}}]\n  template: {metadata: {name: '{{ .name }}'}}\n  templatePatch: 'spec: {project: x}'\n")
	f.Add("  generators: [{merge: {mergeKeys: [a], generators: [{list: {elements: [{a: b}]}}, {git: {files: [{path: '*.yaml'}]}}]}}]\n")
	f.Fuzz(func(t *testing.T, spec string) {
		apps, err := Parse("f.yaml", set(spec), testCheckout(), Options{Clusters: testClusters})
		for _, a := range apps {
			if err != nil || checkName(a.Metadata) != nil {
				t.Errorf("%+v %v", a, err)
			}
		}
	})
}

// An Application depends on the files that a generator takes values from.
func TestGeneratorFiles(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"envs/a.json": `{"a":"x"}`, "envs/b.yaml": "a: y\n", "other.json": "{}"} {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	apps, err := Parse("s.yaml", set("  generators: [{git: {repoURL: https://git.example/apps, files: [{path: 'envs/*'}]}}]\n"+plainTemplate), &Checkout{Root: root}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(apps) != 2 {
		t.Fatalf("%d Applications", len(apps))
	}
	for _, app := range apps {
		if got := strings.Join(app.GeneratorFiles, " "); got != "envs/a.json envs/b.yaml" {
			t.Errorf("%s: %s", app.Metadata.Name, got)
		}
	}
}
