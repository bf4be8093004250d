package examples_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kesbridge/internal/limit"
	"kesbridge/internal/rule"
)

// pages are those that people wrote about Argo CD and CI.
var pages = []string{"start.md", "argocd.md", "troubleshooting.md", "ci.md"}

var (
	link    = regexp.MustCompile(`\]\(([^)]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	fence   = regexp.MustCompile("(?ms)^```.*?^```$")
	ruleID  = regexp.MustCompile(`\bKES\d{3}\b`)
	notSlug = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors are those of a page's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		out[strings.ReplaceAll(notSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

// TestDocsLinks: what the pages link to exists, and so does every rule that
// they name.
func TestDocsLinks(t *testing.T) {
	rules := map[string]bool{}
	for _, r := range rule.All() {
		rules[r.ID] = true
	}
	for _, page := range pages {
		text := string(file(t, filepath.Join("../docs", page)))
		links := link.FindAllStringSubmatch(text, -1)
		if len(links) < 4 {
			t.Errorf("%s has %d links", page, len(links))
		}
		for _, m := range links {
			target, anchor, _ := strings.Cut(m[1], "#")
			to := filepath.Join("../docs", target)
			if target == "" {
				to = filepath.Join("../docs", page)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor != "" && !anchors(string(file(t, to)))[anchor] {
				t.Errorf("%s: %s has no heading #%s", page, target, anchor)
			}
		}
		for _, id := range ruleID.FindAllString(text, -1) {
			if !rules[id] {
				t.Errorf("%s names %s, which is no rule", page, id)
			}
		}
	}
}

// TestDocsVariables: every variable that the pages and the examples name is
// one that kesbridge reads, by the generated pages.
func TestDocsVariables(t *testing.T) {
	variables := regexp.MustCompile(`\bKESBRIDGE_[A-Z_]+[A-Z]\b`)
	known := map[string]bool{"KESBRIDGE_CONFIG": true}
	for _, page := range []string{"cli.md", "parameters.md"} {
		for _, v := range variables.FindAllString(string(file(t, filepath.Join("../docs", page))), -1) {
			known[v] = true
		}
	}
	files, err := filepath.Glob("argocd/*/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	files = append(files, "argocd/values.yaml")
	for _, page := range pages {
		files = append(files, filepath.Join("../docs", page))
	}
	for _, name := range files {
		for _, v := range variables.FindAllString(string(file(t, name)), -1) {
			if !known[v] {
				t.Errorf("%s names %s, which nothing reads", name, v)
			}
		}
	}
}

// TestDocsConfig: the kesbridge.yaml that docs/argocd.md shows is one.
func TestDocsConfig(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(file(t, "../docs/argocd.md")), -1)
	if len(blocks) != 1 {
		t.Fatalf("%d blocks of YAML, want 1", len(blocks))
	}
	if c := parse(t, blocks[0][1]); len(c.Locked) != 3 {
		t.Errorf("read as %+v", c)
	}
}

// TestTroubleshooting: each entry is one exact string, listed once, and says
// what to do.
func TestTroubleshooting(t *testing.T) {
	text := string(file(t, "../docs/troubleshooting.md"))
	entries := strings.Split(text, "\n### ")[1:]
	if len(entries) < 30 {
		t.Errorf("%d entries", len(entries))
	}
	seen := map[string]bool{}
	for _, entry := range entries {
		title, body, _ := strings.Cut(entry, "\n")
		if !strings.HasPrefix(title, "`") || !strings.HasSuffix(title, "`") || strings.Count(title, "`") != 2 {
			t.Errorf("%q is not one exact string", title)
		}
		if seen[title] {
			t.Errorf("%s is listed twice", title)
		}
		seen[title] = true
		// Those that only lead on to another have no fix of their own.
		if strings.TrimSpace(body) == "" {
			t.Errorf("%s says nothing", title)
		}
	}
	// What the plugin itself says must be there as it says it.
	for _, err := range []error{&limit.BusyError{Reason: limit.TooLong}, &limit.DirError{Reason: "others may use it (mode 0777)"}} {
		found := false
		for title := range seen {
			found = found || strings.Contains(err.Error(), strings.Trim(title, "`"))
		}
		if !found {
			t.Errorf("no entry for %q", err)
		}
	}
}

const (
	mebi     = 1 << 20
	unpacked = 50 * mebi // of the example in docs/argocd.md
	tar      = 20 * mebi
)

// TestArgocdSizes: the table of sizes is what package limit works out, and the
// example's volume is large enough.
func TestArgocdSizes(t *testing.T) {
	var b strings.Builder
	b.WriteString("| CPU limit | memory limit | rendering | waiting | `/tmp` |\n|---|---|---|---|---|\n")
	var example int64
	for _, row := range []struct {
		cpus   float64
		memory int64
	}{{0.5, 512}, {1, 1024}, {2, 1024}, {4, 2048}, {8, 4096}} {
		plan := limit.Config{Resources: limit.Resources{CPUs: row.cpus, Memory: row.memory * mebi}}.Plan()
		// One that a limit of 512Mi or more bounds leaves no run without its share.
		if plan.MemoryPerRun < limit.DefaultMemoryPerRun*9/10 {
			t.Errorf("%v CPUs and %d MiB leave %d MiB for a run", row.cpus, row.memory, plan.MemoryPerRun/mebi)
		}
		size := int64(plan.Slots+plan.MaxWaiting) * (unpacked + tar)
		fmt.Fprintf(&b, "| %v | %d MiB | %d | %d | %.1f GiB |\n", row.cpus, row.memory, plan.Slots, plan.MaxWaiting, float64(size)/(1<<30))
		if row.cpus == 2 {
			example = size
		}
	}
	const name = "../docs/argocd.md"
	text := string(file(t, name))
	before, rest, _ := strings.Cut(text, "writes this table -->\n")
	_, after, ok := strings.Cut(rest, "<!-- end -->")
	if !ok {
		t.Fatalf("%s has no place for the sizes", name)
	}
	if want := before + "writes this table -->\n" + b.String() + "<!-- end -->" + after; want != text {
		if !*update {
			t.Errorf("%s shows other sizes (go test ./examples -update rewrites it)\n%s", name, b.String())
		} else if err := os.WriteFile(name, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}

	values := documents[chartValues](t, file(t, "argocd/values.yaml"), true)[0]
	sidecar := named(values.RepoServer.ExtraContainers, "kesbridge")
	if l := sidecar.Resources.Limits; l["cpu"] != "2" || l["memory"] != "1Gi" {
		t.Fatalf("the example's limits are %v, and the check below is for others", l)
	}
	var gib int64
	if _, err := fmt.Sscanf(values.RepoServer.Volumes[0].EmptyDir.SizeLimit, "%dGi", &gib); err != nil || gib<<30 < example {
		t.Errorf("the example's /tmp is %s, want at least %d MiB", values.RepoServer.Volumes[0].EmptyDir.SizeLimit, example/mebi)
	}
}
