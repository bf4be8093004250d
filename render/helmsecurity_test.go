package render

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Whatever part of a chart is a link to elsewhere or no file: it is refused,
// not read, and nothing waits for it.
func TestHelmChartConfined(t *testing.T) {
	const chart = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
	const show = "kind: A\napiVersion: v1\nx: {{ .Files.Get \"files/x\" | quote }}\ny: {{ range $p, $_ := .Files.Glob \"files/**\" }}{{ $p }} {{ end }}\n"
	for _, name := range []string{
		"files/x", "files", "Chart.yaml", "Chart.lock", "values.yaml", "values.schema.json", "templates/x.yaml", "templates", "crds/x.yaml", "crds",
		"charts/x.tgz", "charts/x", "charts", "requirements.yaml", ".helmignore", "README.md", "charts/sub/Chart.yaml", "charts/sub/files/x",
	} {
		for _, target := range []string{"/proc/self/environ", "/proc/self/root", "/dev/zero", "/dev/stdin", "/etc/passwd", "/etc", "OUT/secret.yaml", "OUT/other", "fifo", "nowhere"} {
			root := repo(t, map[string]string{"app/Chart.yaml": chart, "app/templates/a.yaml": show, "app/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n"})
			p := filepath.Join(root, "app", name)
			if err := errors.Join(os.RemoveAll(p), os.MkdirAll(filepath.Dir(p), 0o755)); err != nil {
				t.Fatal(err)
			}
			err := os.Symlink(strings.Replace(target, "OUT", filepath.Dir(root), 1), p)
			if target == "fifo" {
				err = errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600))
			}
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			out, err := Render(ctx, Source{Dir: filepath.Join(root, "app"), Root: root, Kind: Helm})
			cancel()
			if err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s -> %s: error %v, got %+v", name, target, err, out)
			} else if s := err.Error(); strings.Contains(s, "top secret") || strings.Contains(s, "root:x:") || strings.Contains(s, "/etc/") || strings.Contains(s, filepath.Dir(root)) {
				t.Errorf("%s -> %s: %v", name, target, err)
			}
		}
	}
}

// The machine's files stay out with the whole machine as the root, too.
func TestHelmRootSlash(t *testing.T) {
	root := repo(t, map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "app/environ": "-> /proc/self/environ"})
	for _, opt := range []HelmOptions{{}, {ValueFiles: []string{"/proc/self/environ"}}, {FileParameters: []HelmFileParameter{{Name: "a", Path: "/dev/zero"}}}} {
		if len(opt.ValueFiles)+len(opt.FileParameters) > 0 {
			_ = os.Remove(root + "/app/environ")
		}
		var ie *IrregularError
		if _, err := Render(context.Background(), Source{Dir: root + "/app", Root: "/", Helm: opt}); !errors.As(err, &ie) {
			t.Errorf("%+v: %v", opt, err)
		}
	}
}

// Templates reach neither the environment nor a name server nor a cluster,
// nor files outside their own chart.
func TestHelmTemplateReach(t *testing.T) {
	t.Setenv("KESBRIDGE_TEST_SECRET", "top secret")
	for tmpl, want := range map[string]string{
		`{{ getHostByName "localhost" | quote }}`:                         `x: ""`,
		`{{ tpl "{{ getHostByName \"localhost\" | quote }}" . }}`:         `x: ""`,
		`{{ lookup "v1" "Secret" "default" "" | toJson }}`:                `x: {}`,
		`{{ env "KESBRIDGE_TEST_SECRET" }}`:                               "",
		`{{ expandenv "$KESBRIDGE_TEST_SECRET" }}`:                        "",
		`{{ tpl "{{ env \"KESBRIDGE_TEST_SECRET\" }}" . }}`:               "",
		`{{ .Files.Get "../secret" | quote }}`:                            `x: ""`,
		`{{ .Files.Get "/etc/passwd" | quote }}`:                          `x: ""`,
		`{{ .Files.Get "../../secret.yaml" | quote }}`:                    `x: ""`,
		`{{ .Files.Lines "../secret" | toJson }}`:                         `x: []`,
		`{{ len (.Files.Glob "../**") }}`:                                 `x: 0`,
		`{{ (.Files.Glob "/**").AsSecrets | quote }}`:                     `x: "{}"`,
		`{{ "KESBRIDGE_TEST_SECRET" | printf "$%s" | quote }}`:            `x: "$KESBRIDGE_TEST_SECRET"`,
		`{{ define "l" }}{{ include "l" . }}{{ end }}{{ include "l" . }}`: "", // without end
	} {
		root := repo(t, map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "app/templates/a.yaml": "kind: A\napiVersion: v1\nx: " + tmpl + "\n", "secret": "top secret"})
		out, err := Render(context.Background(), Source{Dir: root + "/app", Root: root})
		switch {
		case (err != nil) != (want == ""):
			t.Errorf("%s: %v", tmpl, err)
		case err == nil && !strings.Contains(string(out.Streams[0].Data), want+"\n"):
			t.Errorf("%s: got %s", tmpl, out.Streams[0].Data)
		}
	}
}

// A release's name is a template, as Argo CD passes it, that reaches nothing.
func TestHelmReleaseName(t *testing.T) {
	t.Setenv("KESBRIDGE_TEST_SECRET", "leaked")
	root := repo(t, map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "app/templates/a.yaml": "kind: A\napiVersion: v1\nx: {{ .Release.Name }}\n"})
	for name, want := range map[string]string{
		"": "app", "web": "web", strings.Repeat("x", 53): strings.Repeat("x", 53), `{{ lower "ABC" }}`: "abc", "a.b-c": "a.b-c",
		strings.Repeat("x", 54): "", "team_web": "", "Web": "", "-x": "", "x-": "", "a b": "", "{{ env": "",
		`{{ env "KESBRIDGE_TEST_SECRET" }}`: "", `{{ expandenv "$KESBRIDGE_TEST_SECRET" }}`: "", `{{ getHostByName "localhost" }}`: "",
	} {
		out, err := Render(context.Background(), Source{Dir: root + "/app", Root: root, Helm: HelmOptions{ReleaseName: name}})
		if (err != nil) != (want == "") || err == nil && !strings.Contains(string(out.Streams[0].Data), "x: "+want+"\n") {
			t.Errorf("%q: %v %+v", name, err, out)
		}
		if err != nil && strings.Contains(err.Error(), "leaked") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What Helm leaves out with a line in its log only is a warning.
func TestHelmWarnings(t *testing.T) {
	const hooked = "kind: Secret\napiVersion: v1\nmetadata: {name: s, annotations: {helm.sh/hook: 'pre-install, crd-install'}}\n"
	root := repo(t, map[string]string{
		"app/Chart.yaml":       "apiVersion: v2\nname: c\nversion: 1.0.0\ndeprecated: true\n",
		"app/templates/a.yaml": "kind: A\napiVersion: v1\n---\n" + hooked + "---\nkind: B\napiVersion: v1\nmetadata: {annotations: {helm.sh/hook: ' Test-Success '}}\n",
		"app/templates/b.yaml": hooked, "app/templates/_c.yaml": hooked, "app/templates/NOTES.txt": hooked,
	})
	out, err := Render(context.Background(), Source{Dir: root + "/app", Root: root})
	if err != nil {
		t.Fatal(err)
	}
	const left = `: Secret s is left out: Helm doesn't know its hook "pre-install, crd-install"`
	if got, want := strings.Join(out.Warnings, "\n"), "c/templates/a.yaml"+left+"\nc/templates/b.yaml"+left+"\nthis chart is deprecated"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if s := string(out.Streams[0].Data); strings.Contains(s, "Secret") || !strings.Contains(s, "kind: B") {
		t.Error(s)
	}
}

// The quick look at a schema never lets one through that would be fetched.
func TestHelmSchemaQuick(t *testing.T) {
	for schema, want := range map[string]bool{
		`{"$schema": "http://json-schema.org/draft-07/schema#", "$defs": {"a": {}}, "properties": {"id": {"type": "string"}, "x": {"$ref": "#/$defs/a"}}}`: true,
		`{"$schema": "https://json-schema.org/draft/2020-12/schema"}`:                                                                                      true, `true`: true, `{}`: true,
		`{"$ref": "http://x/y"}`: false, `{"a": [{"b": {"$ref": "y.json"}}]}`: false, `{"$ref": "urn:x"}`: false, `{"\u0024ref": "http://x/y"}`: false,
		`{"$id": "http://x/y", "a": {"$ref": "#/b"}}`: false, `{"id": "http://x/y"}`: false, `{"$schema": "http://x/y"}`: false,
		`{"$dynamicRef": "http://x#y"}`: false, `{"$recursiveRef": "z"}`: false, `{"$schema": "http://json-schema.org/draft-07/schema#/../x"}`: false,
		`{"$schema": "file:///etc/passwd"}`: false, `{"$ref": 1}`: false,
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(schema))
		if err != nil {
			t.Fatal(err)
		}
		if got := selfContained(v); got != want {
			t.Errorf("%s: %v", schema, got)
		}
		if err := checkSchema([]byte(schema)); want && err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	}
}
