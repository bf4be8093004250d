package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/manifest"
)

// theFleet is a copy of testdata/fleet as a repository of its own.
func theFleet(t *testing.T) string {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git isn't here: the fleet was not checked")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/fleet")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"},
		{"remote", "add", "origin", "https://git.shop.example/platform/deploy.git"},
		{"add", "."},
		{"-c", "user.name=shop", "-c", "user.email=shop@shop.example", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "all"},
	} {
		cmd := exec.Command(git, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	return dir
}

// TestCheckFleet: each of the four faults of testdata/fleet is found at its
// file and line, nothing else is an error, and every app has its state.
func TestCheckFleet(t *testing.T) {
	golden, err := filepath.Abs("testdata/fleet-states.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(theFleet(t))
	var out, errw bytes.Buffer
	if code := Run(t.Context(), []string{"check", "-o", "json"}, nil, strings.NewReader(""), &out, &errw); code != exitFindings {
		t.Errorf("exit code %d\n%s", code, &errw)
	}
	type finding struct {
		Rule, Severity, Message string
		Pos                     manifest.Pos
	}
	var r struct {
		Apps []struct {
			ID, Kind, State, Reason string
			KES, Converted          int
			Findings                []finding
		}
		Findings []finding
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatalf("%v\n%s%s", err, &out, &errw)
	}
	if len(r.Apps) < 30 {
		t.Errorf("%d apps", len(r.Apps))
	}
	var got []string
	var states strings.Builder
	for _, app := range r.Apps {
		fmt.Fprintf(&states, "%-28s %-10s %d/%d %s", app.ID, app.Kind, app.Converted, app.KES, app.State)
		if app.Reason != "" {
			states.WriteString(" (" + app.Reason + ")")
		}
		states.WriteString("\n")
		for _, f := range app.Findings {
			if f.Severity == "error" || f.Rule == "KES605" {
				got = append(got, fmt.Sprintf("%s %s: %s %s:%d", app.ID, f.Rule, f.Severity, f.Pos.File, f.Pos.Line))
			}
		}
	}
	for _, f := range r.Findings {
		if f.Severity == "error" {
			got = append(got, fmt.Sprintf("%s: %s:%d: %s", f.Rule, f.Pos.File, f.Pos.Line, f.Message))
		}
	}
	want := []string{
		// A project that permits few kinds: the line of its list.
		"payments-api@prod KES604: error argocd/projects.yaml:28",
		"payments-ledger@prod KES604: error argocd/projects.yaml:28",
		// A value that the values of one cluster lack: the template's line.
		"pricing-staging@staging KES601: error charts/pricing/templates/deployment.yaml:20",
		// No backend of KES's: the line in the base, for both overlays.
		"reviews-prod@prod KES004: error services/reviews/base/external-secret.yaml:6",
		"reviews-staging@staging KES004: error services/reviews/base/external-secret.yaml:6",
		// An annotation that leaves out the base: its line.
		"storefront-prod@prod KES605: warning argocd/prod/storefront.yaml:7",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if *update {
		if err := os.WriteFile(golden, []byte(states.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != states.String() {
		t.Errorf("the states differ; got:\n%s", states.String())
	}
}

// TestCheckFleetRepaired: without its faults the fleet has no error.
func TestCheckFleetRepaired(t *testing.T) {
	t.Chdir(theFleet(t))
	for file, change := range map[string][2]string{
		"services/reviews/base/external-secret.yaml": {"secretManagerPlus", "secretsManager"},
		"charts/pricing/values-staging.yaml":         {"replicas: 1\n", "replicas: 1\ncurrency: EUR\n"},
		"argocd/projects.yaml":                       {"    - group: kubernetes-client.io\n", "    - group: external-secrets.io\n"},
		"argocd/prod/storefront.yaml":                {"manifest-generate-paths: .;", "manifest-generate-paths: .;/web/storefront/base;"},
	} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(data), change[0]) {
			t.Fatalf("%s has no %q", file, change[0])
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(data), change[0], change[1], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out, errw bytes.Buffer
	if code := Run(t.Context(), []string{"check", "-o", "json"}, nil, strings.NewReader(""), &out, &errw); code != 0 {
		t.Errorf("exit code %d\n%s", code, &errw)
	}
	for _, rule := range []string{"KES004", "KES601", "KES604", "KES605"} {
		if strings.Contains(out.String(), rule) {
			t.Errorf("%s is still found", rule)
		}
	}
}
