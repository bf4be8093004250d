package examples_test

import (
	"bufio"
	"debug/elf"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// instruction is one of a Dockerfile.
type instruction struct{ name, args string }

// stages reads a Dockerfile: the instructions of each stage, FROM first.
func stages(t *testing.T) [][]instruction {
	t.Helper()
	text, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var out [][]instruction
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, args, _ := strings.Cut(line, " ")
		in := instruction{strings.ToUpper(name), strings.TrimSpace(args)}
		if in.name == "FROM" {
			out = append(out, nil)
		}
		if len(out) == 0 {
			t.Fatalf("%s stands before FROM", line)
		}
		out[len(out)-1] = append(out[len(out)-1], in)
	}
	if len(out) != 2 {
		t.Fatalf("Dockerfile has %d stages, want 2", len(out))
	}
	return out
}

func argsOf(stage []instruction, name string) (out []string) {
	for _, in := range stage {
		if in.name == name {
			out = append(out, in.args)
		}
	}
	return out
}

// TestImage: the final stage holds nothing but what argocd-cmp-server needs,
// where it looks for it (Argo CD v3.1, common/common.go,
// DefaultPluginConfigFilePath and DefaultPluginSockFilePath).
func TestImage(t *testing.T) {
	last := stages(t)[1]
	want := []instruction{
		{"FROM", "scratch"},
		{"ENV", "PATH=/usr/local/bin"},
		{"COPY", "--from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt"},
		{"COPY", "--from=build /out/kesbridge /usr/local/bin/kesbridge"},
		{"COPY", "LICENSE /LICENSE"},
		{"COPY", "plugin.yaml /home/argocd/cmp-server/config/plugin.yaml"},
		{"USER", "999"},
		{"ENTRYPOINT", `["/var/run/argocd/argocd-cmp-server"]`},
	}
	if !slices.Equal(last, want) {
		t.Errorf("the final stage is\n%q\nwant\n%q", last, want)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	if from := argsOf(stages(t)[0], "FROM"); line == nil || from[0] != "golang:"+string(line[1])+" AS build" {
		t.Errorf("built FROM %q, but go.mod says %q", from, line)
	}
}

// TestImageContext: what is copied exists, .dockerignore lets it through, and
// it is all that the build needs.
func TestImageContext(t *testing.T) {
	ignore, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]bool{}
	s := bufio.NewScanner(strings.NewReader(string(ignore)))
	for s.Scan() {
		if name, ok := strings.CutPrefix(s.Text(), "!"); ok {
			allowed[name] = true
		}
	}
	copied := map[string]bool{}
	for _, stage := range stages(t) {
		for _, args := range argsOf(stage, "COPY") {
			f := strings.Fields(args)
			if strings.HasPrefix(f[0], "--from=") {
				continue
			}
			for _, src := range f[:len(f)-1] {
				copied[src] = true
				if _, err := os.Stat(filepath.Join("..", src)); err != nil {
					t.Errorf("COPY %s: %v", args, err)
				}
				if !allowed[src] {
					t.Errorf("COPY %s: .dockerignore keeps %s out", args, src)
				}
			}
		}
	}
	for name := range allowed {
		if !copied[name] {
			t.Errorf(".dockerignore lets %s in, and nothing copies it", name)
		}
	}
}

// TestImageBuilds runs the RUN lines of the build stage on a copy of what the
// Dockerfile copies, as .dockerignore leaves it, and looks at what comes out.
func TestImageBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: builds the image's binary, which takes a while")
	}
	work := t.TempDir()
	build := stages(t)[0]
	for _, args := range argsOf(build, "COPY") {
		f := strings.Fields(args)
		for _, src := range f[:len(f)-1] {
			copyContext(t, filepath.Join("..", src), filepath.Join(work, "src", src))
		}
	}
	bin := filepath.Join(work, "out", "kesbridge")
	runs := argsOf(build, "RUN")
	if len(runs) != 2 || runs[0] != "go mod download" {
		t.Fatalf("RUN lines are %q", runs)
	}
	// As a shell would run it; there is one word with blanks.
	line := strings.NewReplacer("/out/", filepath.Join(work, "out")+"/", "${VERSION}", "7.7.7").Replace(runs[1])
	words := regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(line, -1)
	for i := range words {
		words[i] = strings.Trim(words[i], `"`)
	}
	if words[0] != "CGO_ENABLED=0" || words[1] != "go" {
		t.Fatalf("RUN %s", runs[1])
	}
	cmd := exec.Command(words[1], words[2:]...)
	cmd.Dir = filepath.Join(work, "src")
	cmd.Env = append(os.Environ(), words[0], "GOWORK=off", "GOFLAGS=-mod=readonly")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("RUN %s: %v\n%s", runs[1], err, out)
	}
	if runtime.GOOS == "linux" {
		checkStatic(t, bin)
	}
	out, err := exec.Command(bin, "version").CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "kesbridge 7.7.7,") {
		t.Errorf("version prints %q, %v", out, err)
	}
}

// copyContext copies a file or a directory without what the last lines of
// .dockerignore leave out.
func copyContext(t *testing.T, src, dst string) {
	t.Helper()
	err := filepath.WalkDir(src, func(file string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, file)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		switch {
		case d.IsDir() && d.Name() == "testdata":
			return filepath.SkipDir
		case d.IsDir():
			return os.MkdirAll(to, 0o777)
		case !d.Type().IsRegular() || strings.HasSuffix(path.Base(file), "_test.go"):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkStatic: scratch has no dynamic linker.
func checkStatic(t *testing.T, bin string) {
	t.Helper()
	f, err := elf.Open(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s has a %v segment: it is not static", bin, p.Type)
		}
	}
}
