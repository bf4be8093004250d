package preview

import (
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// checkout makes a repository of testdata/repo with one commit.
func (s *system) checkout() string {
	s.t.Helper()
	dir := filepath.Join(s.dir, "checkout")
	if err := os.CopyFS(dir, os.DirFS("testdata/repo")); err != nil {
		s.t.Fatal(err)
	}
	git := func(args ...string) {
		s.t.Helper()
		if _, said, code := s.command("", dir, "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.invalid"}, args...)...); code != 0 {
			s.t.Fatalf("git %s: %s", args[0], said)
		}
	}
	git("init", "-q", "-b", "main")
	git("add", ".")
	git("commit", "-q", "-m", "first")
	return dir
}

// application writes the Application, natively rendered or with a plugin.
func (s *system) application(repo string, plugin m) {
	s.t.Helper()
	source := m{"repoURL": "file://" + repo, "path": "apps/shop", "targetRevision": "main"}
	if plugin != nil {
		source["plugin"] = plugin
	}
	s.object("/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/shop", m{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": m{"name": "shop"},
		"spec": m{"project": "default", "destination": m{"server": s.kube, "namespace": "shop"}, "source": source},
	})
	if out, said, code := s.command(s.admin, s.dir, programs.argocd, "app", "get", "shop", "--hard-refresh"); code != 0 {
		s.t.Fatalf("argocd app get --hard-refresh: exit %d\n%s%s", code, out, said)
	}
}

func (s *system) token(account string) string {
	s.t.Helper()
	out, said, code := s.command(s.admin, s.dir, programs.argocd, "account", "generate-token", "--account", account)
	if code != 0 {
		s.t.Fatalf("argocd account generate-token: exit %d: %s", code, said)
	}
	return strings.TrimSpace(out)
}

// verdicts are what a difference says: per object whether it is created,
// pruned or changed, from its headers and the marks of its lines.
func verdicts(out, created, pruned string) map[string]string {
	all := map[string]string{}
	header := ""
	for line := range strings.Lines(out) {
		if h, ok := strings.CutPrefix(line, "===== "); ok {
			header, _, _ = strings.Cut(h, " ======")
			all[header] = ""
			continue
		}
		mark := map[bool]string{true: "created"}[strings.HasPrefix(line, created)]
		if strings.HasPrefix(line, pruned) {
			mark = "pruned"
		}
		if strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++") || mark == "" || header == "" {
			continue // unified diffs name the sides
		}
		if was := all[header]; was != "" && was != mark {
			mark = "changed"
		}
		all[header] = mark
	}
	return all
}

// placed fills in the namespace that argocd leaves out with --local, of kinds
// that don't run yet (cmd/argocd/commands/app.go, groupObjsByKey).
func placed(in map[string]string) map[string]string {
	out := map[string]string{}
	for object, verdict := range in {
		out[strings.Replace(object, " /", " shop/", 1)] = verdict
	}
	return out
}

func TestPreview(t *testing.T) {
	s := start(t)
	repo := s.checkout()
	reader, differ := s.token("reader"), s.token("differ")
	run := func(want int, token, path string, args ...string) (stdout, stderr string) {
		t.Helper()
		out, said, code := s.command(token, repo, path, args...)
		if code != want {
			t.Fatalf("%s %q: exit %d, want %d\n%s\n%s", filepath.Base(path), args, code, want, out, said)
		}
		return out, said
	}

	// Natively rendered and synced: its KES objects run.
	s.application(repo, nil)
	run(0, s.admin, programs.argocd, "app", "sync", "shop", "--timeout", "60")
	t.Run("SourceGit", func(t *testing.T) {
		// kesbridge in mode keep renders what this very Argo CD does, and says so
		// to someone who may get the Application and no more.
		out, said := run(0, reader, programs.kesbridge, "diff", "--live-app", "shop", "--source", "git")
		if out != "" {
			t.Errorf("differs from Argo CD's own render:\n%s%s", out, said)
		}
		// It would be seen: the app with a change that isn't committed.
		config := filepath.Join(repo, "apps/shop/config.yaml")
		data, err := os.ReadFile(config)
		if err != nil {
			t.Fatal(err)
		}
		s.file(config, strings.Replace(string(data), "level: info", "level: debug", 1))
		defer s.file(config, string(data))
		out, _ = run(1, reader, programs.kesbridge, "diff", "--live-app", "shop", "--source", "git")
		if !strings.Contains(out, "level: debug") {
			t.Errorf("a changed ConfigMap isn't shown:\n%s", out)
		}
	})

	// The plugin's: Argo CD's sidecar, kesbridge on this machine in the user's
	// argocd, and kesbridge alone see the same.
	s.application(repo, m{"name": "kesbridge-v1", "parameters": []m{{"name": "mode", "string": "replace"}}})
	want := map[string]string{
		"kubernetes-client.io/ExternalSecret shop/database": "pruned", "kubernetes-client.io/ExternalSecret shop/mail": "pruned",
		"external-secrets.io/ExternalSecret shop/database": "created", "external-secrets.io/ExternalSecret shop/mail": "created",
	}
	sidecar, _ := run(1, s.admin, programs.argocd, "app", "diff", "shop")
	if got := verdicts(sidecar, "> ", "< "); !maps.Equal(got, want) {
		t.Fatalf("argocd app diff, rendered by the sidecar: %v\n%s", got, sidecar)
	}
	t.Run("Argocd", func(t *testing.T) {
		local := []string{"argocd", "--", "app", "diff", "shop", "--local", "apps/shop"}
		out, _ := run(1, differ, programs.kesbridge, local...)
		if got := placed(verdicts(out, "> ", "< ")); !maps.Equal(got, want) {
			t.Errorf("%v\n%s", got, out)
		}
		// To the line what the sidecar's render gives, the namespace aside.
		if got, want := objectLines(out), objectLines(sidecar); !slices.Equal(got, want) {
			t.Errorf("with --local:\n%s\nfrom the sidecar:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		again, _ := run(1, differ, programs.kesbridge, append(local, "--local-repo-root", ".")...)
		if !slices.Equal(objectLines(again), objectLines(out)) { // argocd's order changes
			t.Errorf("with --local-repo-root: %s", again)
		}
		// Started by argocd itself.
		again, _ = run(1, differ, programs.argocd, append([]string{"kesbridge"}, local[2:]...)...)
		if !slices.Equal(objectLines(again), objectLines(out)) {
			t.Errorf("argocd kesbridge: %s", again)
		}
		// argocd's own exit code, and rights that are missing.
		run(7, differ, programs.kesbridge, append(local, "--diff-exit-code", "7")...)
		_, said := run(20, reader, programs.kesbridge, local...)
		if !strings.Contains(said, "PermissionDenied") && !strings.Contains(said, "permission denied") {
			t.Errorf("without clusters, get and projects, get: %s", said)
		}
		manifests, _ := run(0, differ, programs.kesbridge, "argocd", "--", "app", "manifests", "shop", "--source", "git", "--local", "apps/shop")
		if strings.Count(manifests, "kind: ExternalSecret") != 2 || strings.Contains(manifests, "kubernetes-client.io/v1\n") {
			t.Errorf("app manifests --local:\n%s", manifests)
		}
		s.nothingLeft(t)
	})
	t.Run("LiveApp", func(t *testing.T) {
		out, said := run(1, reader, programs.kesbridge, "diff", "apps/shop", "--live-app", "shop")
		if got := verdicts(out, "+", "-"); !maps.Equal(got, want) {
			t.Errorf("%v\n%s", got, out)
		}
		if !strings.Contains(said, "6 objects: 2 created, 2 pruned, 2 equal") {
			t.Errorf("said: %s", said)
		}
	})
	t.Run("Interrupted", func(t *testing.T) { s.interrupted(t, repo, differ) })
	t.Run("Flags", s.flags)
}

func (s *system) file(path, text string) {
	s.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// objectLines are the lines of all objects, in the order of their texts.
func objectLines(out string) []string {
	var objects []string
	for object := range strings.SplitSeq(out, "\n===== ") {
		header, body, _ := strings.Cut(object, "\n")
		var lines []string
		for line := range strings.Lines(body) {
			// Of lines that count the others, and of the namespace.
			if strings.HasPrefix(line, "> ") && line != ">   namespace: shop\n" || strings.HasPrefix(line, "< ") {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			objects = append(objects, strings.Replace(header, " /", " shop/", 1)+"\n"+strings.Join(lines, ""))
		}
	}
	slices.Sort(objects)
	return objects
}

// nothingLeft: no server of a call, and no directory of one.
func (s *system) nothingLeft(t *testing.T) {
	left, err := filepath.Glob(filepath.Join(s.dir, "tmp", "kesbridge-*", "scratch", "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		line, _ := os.ReadFile(p) // it may have ended
		if strings.Contains(string(line), filepath.Join(s.dir, "tmp")) {
			t.Errorf("left behind: %q", line)
		}
	}
}

// interrupted ends calls halfway: the real cmp-server doesn't end by SIGTERM.
func (s *system) interrupted(t *testing.T, repo, token string) {
	argocd := filepath.Join(s.dir, "argocd.sh")
	s.file(argocd, "#!/bin/sh\ncase \"$1 $2\" in 'app diff') echo started; exec sleep 60;; esac\nexec "+programs.argocd+" \"$@\"\n")
	if err := os.Chmod(argocd, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGKILL} {
		cmd := exec.Command(programs.kesbridge, "argocd", "--", "app", "diff", "shop", "--local", "apps/shop")
		cmd.Dir, cmd.Env = repo, append(s.userEnv(token), "KESBRIDGE_ARGOCD="+argocd)
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := make([]byte, len("started"))
		if _, err := io.ReadFull(out, said); err != nil {
			t.Fatalf("%s: argocd didn't start: %v", signal, err)
		}
		_ = cmd.Process.Signal(signal)
		_, _ = cmd.Process.Wait()
		if signal == syscall.SIGKILL {
			// The user's argocd is left alone; the server isn't, and what it had
			// goes with the next call.
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			if _, said, code := s.command(token, repo, programs.kesbridge, "argocd", "--", "app", "diff", "shop", "--local", "apps/shop"); code != 1 {
				t.Errorf("after a killed call: exit %d: %s", code, said)
			}
		}
		s.nothingLeft(t)
		if t.Failed() {
			t.Fatalf("after %s", signal)
		}
	}
}

// flags holds kesbridge's table of argocd's flags to the real argocd: before
// the Application's name each must be read as argocd reads it.
func (s *system) flags(t *testing.T) {
	flag := regexp.MustCompile(`(?m)^ +(?:-\w, )?--(\S+)( \w+)? `)
	seen := 0
	for _, sub := range []string{"diff", "manifests", "sync"} {
		help, _, _ := s.command("", s.dir, programs.argocd, "app", sub, "--help")
		for _, f := range flag.FindAllStringSubmatch(help, -1) {
			name, value := f[1], f[2] != ""
			if name == "help" || name == "local" || name == "local-repo-root" || name == "server-side-generate" {
				continue
			}
			seen++
			// The name of the Application, a wrong one, follows a switch and
			// a value.
			args := []string{"argocd", "--", "app", sub, "--local", s.dir, "--" + name, "No.Name"}
			if value {
				args[len(args)-1] = "1"
				args = append(args, "No.Name")
			}
			_, said, code := s.command("", s.dir, programs.kesbridge, args...)
			if code != 2 || !strings.Contains(said, `"No.Name" is no name of an Application`) {
				t.Errorf("argocd app %s --%s (value: %t): exit %d: %s", sub, name, value, code, said)
			}
		}
	}
	if seen < 60 {
		t.Errorf("only %d flags found in argocd's help", seen)
	}
}
