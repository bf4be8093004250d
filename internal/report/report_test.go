package report_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write the expected files")

func write(t *testing.T, format string, r *report.Report, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Write(format, &b, r, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s isn't what is written now; look at the difference after go test ./internal/report -update\n%s", file, got)
	}
}

func TestGolden(t *testing.T) {
	for _, format := range report.Formats() {
		golden(t, filepath.Join("testdata", "sample."+format), write(t, format, reporttest.Sample(), report.Options{}))
	}
	golden(t, filepath.Join("testdata", "terminal.text"), write(t, "text", reporttest.Sample(), report.Options{Colour: true, Width: 80, Verbose: true}))
	golden(t, filepath.Join("testdata", "empty.markdown"), write(t, "markdown", &report.Report{}, report.Options{}))
}

func TestSameBytes(t *testing.T) {
	for _, format := range report.Formats() {
		r := reporttest.Sample()
		before := fmt.Sprintf("%#v", r)
		one := write(t, format, r, report.Options{})
		if fmt.Sprintf("%#v", r) != before {
			t.Errorf("%s changes the report", format)
		}
		if two := write(t, format, reporttest.Sample(), report.Options{}); one != two {
			t.Errorf("%s: two runs differ", format)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct{ in, format, path string }{{"json=-", "json", "-"}, {"html=a=b/c.html", "html", "a=b/c.html"}} {
		format, path, err := report.ParseTarget(c.in)
		if err != nil || format != c.format || path != c.path {
			t.Errorf("%s: %q %q %v", c.in, format, path, err)
		}
	}
	for _, bad := range []string{"", "json", "json=", "=x", "xml=x", "JSON=x"} {
		if _, _, err := report.ParseTarget(bad); err == nil {
			t.Errorf("%q passed", bad)
		}
	}
	if err := report.Write("xml", &bytes.Buffer{}, &report.Report{}, report.Options{}); err == nil {
		t.Error("an unknown format was written")
	}
}

// Nobody's terminal, log or reader is moved by a name.
func TestNothingInvisible(t *testing.T) {
	for _, format := range []string{"text", "github", "markdown", "junit"} {
		got := write(t, format, reporttest.Sample(), report.Options{Verbose: true})
		for _, bad := range []string{"\x1b", "\u202e", "\x00", "\x07", "\u2028", "\xff", "\r"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s holds %q", format, bad)
			}
		}
	}
}

func TestNoSecret(t *testing.T) {
	const value = "aHVudGVyMg=="
	for _, text := range []string{"apiVersion: v1\nkind: Secret\ndata:\n  a: " + value + "\n", "a: 1\n---\nkind: \"Secret\" # x\ndata: {a: " + value + "}\n", `{"kind":"Secret","data":{"a":"` + value + `"}}`} {
		r := &report.Report{}
		r.Add(report.App{ID: "a", Secrets: []report.Secret{
			{Ref: manifest.Ref{Kind: "ExternalSecret", Name: "x"}, Before: text, After: text},
			{Ref: manifest.Ref{Version: "v1", Kind: "Secret", Name: "x"}, Before: value, After: value + "2"},
		}})
		for _, format := range report.Formats() {
			if got := write(t, format, r, report.Options{}); strings.Contains(got, value) {
				t.Errorf("%s shows the value in %q", format, text)
			}
		}
	}
}

func TestFailOn(t *testing.T) {
	r := reporttest.Sample()
	for _, c := range []struct {
		on   manifest.Severity
		want string
	}{{0, `failures="3"`}, {manifest.Error, `failures="3"`}, {manifest.Warning, `failures="8"`}} {
		if got := write(t, "junit", r, report.Options{FailOn: c.on}); !strings.Contains(strings.SplitN(got, "\n", 3)[1], c.want) {
			t.Errorf("fail on %v: no %s in %s", c.on, c.want, strings.SplitN(got, "\n", 3)[1])
		}
	}
}

func TestQuiet(t *testing.T) {
	r := reporttest.Sample()
	if got := write(t, "text", r, report.Options{Quiet: true}); strings.Contains(got, ": warning: ") || !strings.Contains(got, ": error: ") {
		t.Errorf("quiet shows other than errors:\n%s", got)
	}
}

func TestNoApps(t *testing.T) {
	if got, want := write(t, "text", &report.Report{}, report.Options{}), "0 apps\nfindings: no findings\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// GitHub shows ten of a kind.
func TestGitHubLimit(t *testing.T) {
	got := write(t, "github", reporttest.Many(1000), report.Options{})
	n, last := 0, ""
	for l := range strings.Lines(got) {
		if strings.HasPrefix(l, "::warning ") {
			n++
			last = l
		}
	}
	if n != 10 || !strings.Contains(last, "391 more warnings") {
		t.Errorf("%d warnings, the last %q", n, last)
	}
	if strings.Count(got, "(KES104)") != 391 {
		t.Error("the log doesn't hold the others")
	}
}

func TestSchema(t *testing.T) {
	schema := schemaOfDocument(t)
	golden(t, filepath.Join("..", "..", "docs", "report.schema.json"), string(schema))
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []*report.Report{reporttest.Sample(), {}, reporttest.Many(20)} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(write(t, "json", r, report.Options{})))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); err != nil {
			t.Error(err)
		}
	}
	for _, bad := range []string{`{}`, `{"schemaVersion":2,"version":"","apps":[],"totals":{}}`, `{"schemaVersion":1,"version":"","apps":[{"id":"a","name":"a","state":"odd","kes":0,"converted":0}],"totals":{}}`} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(bad))
		if err != nil {
			t.Fatal(err)
		}
		if s.Validate(v) == nil {
			t.Errorf("%s passed", bad)
		}
	}
}

// A finding of two apps is listed once where findings are listed by place.
func TestOncePerPlace(t *testing.T) {
	r := reporttest.Sample()
	var issues []struct{ Description, Fingerprint string }
	if err := json.Unmarshal([]byte(write(t, "gitlab", r, report.Options{})), &issues); err != nil {
		t.Fatal(err)
	}
	n, prints := 0, map[string]bool{}
	for _, i := range issues {
		if strings.Contains(i.Description, "shop@prod, shop@staging") {
			n++
		}
		if prints[i.Fingerprint] || i.Fingerprint == "" {
			t.Errorf("fingerprint %q comes twice", i.Fingerprint)
		}
		prints[i.Fingerprint] = true
	}
	if n != 1 {
		t.Errorf("%d entries name both apps", n)
	}
	sarif, js := write(t, "sarif", r, report.Options{}), write(t, "json", r, report.Options{})
	for p := range prints {
		if !strings.Contains(sarif, `"kesbridge/v1": "`+p+`"`) || !strings.Contains(js, `"fingerprint": "`+p+`"`) {
			t.Errorf("%s isn't in each format", p)
		}
	}
}
