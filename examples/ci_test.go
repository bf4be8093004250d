package examples_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// action is what the tests read of action.yml.
type action struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Outputs map[string]struct {
		Value string `yaml:"value"`
	} `yaml:"outputs"`
	Runs struct {
		Using string       `yaml:"using"`
		Steps []actionStep `yaml:"steps"`
	} `yaml:"runs"`
}

type actionStep struct {
	Name, ID, Uses, Run, Shell string
	Env, With                  map[string]string
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", file))
	if err != nil {
		t.Fatal(err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// flagWord finds what could be a flag of kesbridge's in a script.
var flagWord = regexp.MustCompile(`--[a-z][a-z-]+`)

// knows reports the flags of a command that a text uses and the command hasn't.
func knows(t *testing.T, bin, command, text string) {
	t.Helper()
	help, err := exec.Command(bin, command, "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%s --help: %v\n%s", command, err, help)
	}
	known := map[string]bool{}
	for _, f := range flagWord.FindAllString(string(help), -1) {
		known[f] = true
	}
	used := flagWord.FindAllString(text, -1)
	if len(used) == 0 {
		t.Errorf("%s: no flag found in\n%s", command, text)
	}
	for _, f := range used {
		if !known[f] {
			t.Errorf("kesbridge %s has no flag %s", command, f)
		}
	}
}

func buildKesbridge(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "kesbridge")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/kesbridge")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

// parses has bash look at a script without running it.
func parses(t *testing.T, what, script string) {
	t.Helper()
	cmd := exec.Command("bash", "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", what, err, out)
	}
}

func needBash(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil || runtime.GOOS == "windows" {
		t.Skip("no bash: the scripts for CI weren't tried")
	}
}

var pinned = regexp.MustCompile(`^[a-z-]+/[a-z-]+@[0-9a-f]{40}$`)

// TestAction: the action is pinned, what others write never becomes code, and
// its steps do what they say in a repository.
func TestAction(t *testing.T) {
	needBash(t)
	var a action
	readYAML(t, "action.yml", &a)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) != 3 {
		t.Fatalf("%+v", a.Runs)
	}
	scripts := map[string]actionStep{}
	env := map[string]bool{}
	for _, s := range a.Runs.Steps {
		if s.Uses != "" && !pinned.MatchString(s.Uses) {
			t.Errorf("%s isn't pinned by a full commit", s.Uses)
		}
		if s.Run == "" {
			continue
		}
		scripts[s.Name] = s
		parses(t, s.Name, s.Run)
		if s.Shell != "bash" || strings.Contains(s.Run, "${{") {
			t.Errorf("%s: an expression of GitHub's becomes code of the shell", s.Name)
		}
		for _, v := range s.Env {
			env[v] = true
		}
	}
	for name := range a.Inputs {
		if !env["${{ inputs."+name+" }}"] {
			t.Errorf("nothing reads the input %s", name)
		}
	}
	for name := range a.Outputs {
		if !strings.Contains(scripts["Check"].Run, name+"=") {
			t.Errorf("nothing sets the output %s", name)
		}
	}

	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	runner := t.TempDir()
	run := func(t *testing.T, step, dir string, set ...string) (string, int) {
		t.Helper()
		cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", scripts[step].Run)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "RUNNER_TEMP="+runner, "ACTION="+root, "VERSION=v1", "GITHUB_STEP_SUMMARY="+runner+"/summary", "GITHUB_OUTPUT="+runner+"/output",
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		for name := range scripts["Check"].Env {
			value := ""
			if name == "FAIL_ON" {
				value = a.Inputs["fail-on"].Default
			}
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		cmd.Env = append(cmd.Env, set...)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	if out, code := run(t, "Build kesbridge", t.TempDir()); code != 0 {
		t.Fatalf("build: %d\n%s", code, out)
	}
	knows(t, filepath.Join(runner, "kesbridge/kesbridge"), "check", strings.ReplaceAll(scripts["Check"].Run, "--profile", ""))
	t.Run("run", func(t *testing.T) { actionRuns(t, runner, run) })
}

const kesResource = `apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: NAME}
spec:
  backendType: BACKEND
  data: [{key: a, name: a}]
`

// sample is a repository with a good app and one with a mistake, and its first
// commit.
func sample(t *testing.T) (dir, commit string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"apps/good/secret.yaml":  strings.NewReplacer("NAME", "good", "BACKEND", "secretsManager").Replace(kesResource),
		"apps/b a d/secret.yaml": strings.NewReplacer("NAME", "bad", "BACKEND", "vualt").Replace(kesResource),
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		cmd := exec.Command("git", append([]string{"-c", "user.name=ci", "-c", "user.email=ci@example.invalid"}, args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %s: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	git("add", ".")
	git("commit", "-qm", "first")
	return dir, git("rev-parse", "HEAD")
}

func actionRuns(t *testing.T, runner string, run func(t *testing.T, step, dir string, set ...string) (string, int)) {
	dir, commit := sample(t)
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(runner, name))
		if err != nil {
			t.Error(err)
		}
		return string(data)
	}
	out, code := run(t, "Check", dir)
	if code != 1 || !strings.Contains(out, "::error ") || !strings.Contains(out, "file=apps/b a d/secret.yaml,line=5") {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	if s := read("summary"); !strings.Contains(s, "KES004") {
		t.Errorf("summary:\n%s", s)
	}
	reports := filepath.Join(runner, "kesbridge/reports")
	if s := read("output"); s != "code=1\nsarif="+reports+"/kesbridge.sarif\nmarkdown="+reports+"/kesbridge.md\n" {
		t.Errorf("outputs:\n%s", s)
	}
	var sarif struct{ Version string }
	if err := json.Unmarshal([]byte(read("kesbridge/reports/kesbridge.sarif")), &sarif); err != nil || sarif.Version != "2.1.0" {
		t.Errorf("SARIF: %v %+v", err, sarif)
	}

	// Nothing of the inputs is code: neither commands nor patterns.
	for _, c := range []struct {
		name string
		code int
		set  []string
		says string
	}{
		{"one path", 0, []string{"PATHS=apps/good"}, "apps/good"},
		{"a path with blanks", 1, []string{"PATHS=apps/good\napps/b a d\n"}, "KES004"},
		{"a command for a path", 2, []string{"PATHS=$(touch ran)"}, "$(touch ran)"},
		{"a command among the arguments", 2, []string{"ARGS=--cluster `touch${IFS}ran`;touch ran"}, "kesbridge"},
		{"a pattern among the arguments", 2, []string{"ARGS=--store *"}, `"*"`},
		{"more arguments", 1, []string{"ARGS=--store shop\n -q"}, "KES004"},
		{"nothing changed", 0, []string{"BASE=" + commit}, "2 apps left out"},
		{"all", 1, []string{"BASE=" + commit, "CHANGED_SINCE=all"}, "KES004"},
		{"a revision", 0, []string{"CHANGED_SINCE=HEAD"}, "2 apps left out"},
		{"a shallow clone", 1, []string{"BASE=0123456789abcdef0123456789abcdef01234567"}, "::notice::kesbridge checks all apps"},
		{"no such revision", 2, []string{"CHANGED_SINCE=nowhere"}, "nowhere"},
		{"a severity", 2, []string{"FAIL_ON=$(touch ran)"}, "fail-on"},
		{"a configuration", 2, []string{"CONFIG=none.yaml"}, "none.yaml"},
		{"a cluster", 2, []string{"CLUSTER=moon"}, "moon"},
		{"other directory for reports", 1, []string{"REPORTS=" + runner + "/else where"}, "KES004"},
	} {
		out, code := run(t, "Check", dir, append(c.set, "XDG_CACHE_HOME="+runner+"/cache")...)
		if code != c.code || !strings.Contains(out, c.says) {
			t.Errorf("%s: exit code %d, want %d and %q:\n%s", c.name, code, c.code, c.says, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
			t.Fatalf("%s ran a command", c.name)
		}
	}
	if s := read("else where/kesbridge.md"); !strings.Contains(s, "KES004") {
		t.Errorf("markdown elsewhere:\n%s", s)
	}
}

// TestGitLab: the template's script runs, and its reports are those that it
// hands over.
func TestGitLab(t *testing.T) {
	needBash(t)
	var jobs map[string]struct {
		Image        string
		BeforeScript []string `yaml:"before_script"`
		Script       []string
		Variables    map[string]string
		Artifacts    struct {
			When    string
			Paths   []string
			Reports map[string]string
		}
	}
	readYAML(t, "ci/gitlab.yml", &jobs)
	job := jobs["kesbridge"]
	if len(jobs) != 1 || len(job.Script) != 1 || len(job.BeforeScript) != 1 || job.Variables["GIT_DEPTH"] != "0" || job.Artifacts.When != "always" {
		t.Fatalf("%+v", jobs)
	}
	parses(t, "before_script", job.BeforeScript[0])
	bin := buildKesbridge(t)
	knows(t, bin, "check", job.Script[0])
	dir, commit := sample(t)
	for _, base := range []string{"", commit} {
		cmd := exec.Command("sh", "-c", job.Script[0])
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH"), "CI_MERGE_REQUEST_DIFF_BASE_SHA="+base,
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		for k, v := range job.Variables {
			cmd.Env = append(cmd.Env, k+"="+v)
		}
		out, _ := cmd.CombinedOutput()
		want := 1 // the mistake
		if base != "" {
			want = 0
			if _, err := os.Stat(filepath.Join(dir, ".kesbridge/inputs.json")); err != nil {
				t.Error(err)
			}
		}
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != want {
			t.Errorf("base %q: %v\n%s", base, cmd.ProcessState, out)
		}
		for _, file := range []string{job.Artifacts.Reports["codequality"], job.Artifacts.Reports["junit"]} {
			if data, err := os.ReadFile(filepath.Join(dir, file)); err != nil || strings.Contains(string(data), "KES004") != (base == "") {
				t.Errorf("base %q: %s: %v\n%s", base, file, err, data)
			}
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPreCommit: the hooks' command lines are kesbridge's, and end as they
// should.
func TestPreCommit(t *testing.T) {
	var hooks []struct {
		ID, Entry, Language string
		PassFilenames       *bool `yaml:"pass_filenames"`
	}
	readYAML(t, ".pre-commit-hooks.yaml", &hooks)
	if len(hooks) != 2 {
		t.Fatalf("%d hooks", len(hooks))
	}
	bin := buildKesbridge(t)
	dir, _ := sample(t)
	for _, h := range hooks {
		words := strings.Fields(h.Entry)
		if words[0] != "kesbridge" || h.ID != "kesbridge-"+words[1] || h.Language != "golang" || h.PassFilenames == nil || *h.PassFilenames {
			t.Errorf("%+v", h)
		}
		if strings.Contains(h.Entry, "--") {
			knows(t, bin, words[1], h.Entry)
		}
		cmd := exec.Command(bin, words[1:]...)
		cmd.Dir = filepath.Join(dir, "apps/good")
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+t.TempDir(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", h.Entry, err, out)
		}
	}
}
