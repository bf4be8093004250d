//go:build linux

package cmp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// uid is that of Argo CD's images, and of ours.
const uid = 999

// pluginName is what an Application says: name and version of plugin.yaml.
const pluginName = "kesbridge-v1"

// sidecar is a running argocd-cmp-server in a tree like our image with its
// mounts (Dockerfile, examples/argocd/repo-server).
type sidecar struct {
	version string
	root    string
	sockets string // directory, from outside
	// isolated: it runs chrooted as uid 999.
	isolated bool
	log      *log
	cmd      *exec.Cmd
	ended    chan struct{}
}

// socket is where the server listens.
func (s *sidecar) socket() string { return filepath.Join(s.sockets, pluginName+".sock") }

// work is where kesbridge keeps its queue and its scratch directories.
func (s *sidecar) work() string {
	id := uid
	if !s.isolated {
		id = os.Geteuid()
	}
	return filepath.Join(s.root, "tmp", fmt.Sprintf("kesbridge-%d", id))
}

func (s *sidecar) kesbridge() string { return filepath.Join(s.root, "usr/local/bin/kesbridge") }

// enterEnv carries what enter is to do, as JSON.
const enterEnv = "KESBRIDGE_CMP_ENTER"

type entering struct {
	Root      string
	Cgroups   []string
	Env, Argv []string
}

// kernels are the directories that a container gets from the kernel.
var kernels = []string{"/dev", "/proc", "/sys/fs/cgroup"}

// enter makes this process the sidecar's: in its tree, which has the kernel's
// own file systems as a container's has, with its user and limits.
func enter(spec string) error {
	var e entering
	if err := json.Unmarshal([]byte(spec), &e); err != nil {
		return err
	}
	for _, dir := range e.Cgroups {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), fmt.Append(nil, os.Getpid()), 0); err != nil {
			return err
		}
	}
	// The mount namespace is this process's, so nothing of this outlives it.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	for _, dir := range kernels {
		if _, err := os.Stat(dir); err != nil {
			continue
		}
		if err := syscall.Mount(dir, filepath.Join(e.Root, dir), "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return fmt.Errorf("mount %s: %w", dir, err)
		}
	}
	if err := errors.Join(syscall.Chroot(e.Root), os.Chdir("/")); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(uid), syscall.Setuid(uid)); err != nil {
		return err
	}
	return syscall.Exec(e.Argv[0], e.Argv, e.Env)
}

// start runs a server until the test ends. As root it runs chrooted as uid 999;
// where that isn't allowed as this user, with paths below a temporary
// directory. ROOT in the environment is the tree as the server sees it.
func start(t *testing.T, s server, env []string, cgroups ...string) *sidecar {
	t.Helper()
	// Not t.TempDir(): the path of a socket has little room.
	root, err := os.MkdirTemp("", "kb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	sc := &sidecar{version: s.Version, root: root, sockets: filepath.Join(root, "home/argocd/cmp-server/plugins"), isolated: os.Geteuid() == 0}
	if len(sc.socket()) > 103 {
		t.Fatalf("%s is too long for a socket: set TMPDIR to a shorter path", sc.socket())
	}
	sc.layout(t, s.path)
	if sc.isolated {
		sc.run(t, sc.inside(t, env, cgroups))
		if sc.await(t) {
			return sc
		}
		t.Logf("%s", sc.log)
		sc.isolated = false
	}
	t.Logf("the server runs as user %d, without chroot", os.Geteuid())
	sc.run(t, sc.outside(env))
	for _, dir := range cgroups {
		write(t, filepath.Join(dir, "cgroup.procs"), strconv.Itoa(sc.cmd.Process.Pid))
	}
	if !sc.await(t) {
		t.Fatalf("%s ended:\n%s", s.Version, sc.log)
	}
	return sc
}

// settings are what the tests read the log by; 2.14's is text otherwise.
var settings = []string{"HOME=/", "ARGOCD_CMP_SERVER_LOGFORMAT=json"}

// inImage is where the repo-server's image puts argocd-cmp-server.
const inImage = "/var/run/argocd/argocd-cmp-server"

func (s *sidecar) inside(t *testing.T, env, cgroups []string) *exec.Cmd {
	t.Helper()
	spec, err := json.Marshal(entering{Root: s.root, Cgroups: cgroups, Argv: []string{inImage}, Env: slices.Concat([]string{"PATH=/usr/local/bin"}, settings, rooted(env, ""))})
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{enterEnv + "=" + string(spec)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Setpgid: true}
	return cmd
}

func (s *sidecar) outside(env []string) *exec.Cmd {
	tmp := filepath.Join(s.root, "tmp")
	cmd := exec.Command(filepath.Join(s.root, inImage), "--config-dir-path", filepath.Join(s.root, "home/argocd/cmp-server/config"))
	cmd.Env = slices.Concat(settings, rooted(env, s.root), []string{"PATH=" + filepath.Dir(s.kesbridge()), "TMPDIR=" + tmp,
		"ARGOCD_CMP_WORKDIR=" + tmp, "ARGOCD_PLUGINSOCKFILEPATH=" + s.sockets})
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

func rooted(env []string, root string) []string {
	var out []string
	for _, e := range env {
		out = append(out, strings.Replace(e, "ROOT/", root+"/", 1))
	}
	return out
}

func (s *sidecar) run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	s.cmd, s.log, s.ended = cmd, &log{}, make(chan struct{})
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		if !s.isolated {
			t.Fatal(err)
		}
		fmt.Fprintln(s.log, "start with a mount namespace:", err)
		close(s.ended)
		return
	}
	ended := s.ended
	go func() {
		cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() { stop(cmd, ended) })
}

// layout makes the tree.
func (s *sidecar) layout(t *testing.T, server string) {
	t.Helper()
	plugin, err := filepath.Abs(filepath.Join("..", "..", "plugin.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	errs := []error{os.Chmod(s.root, 0o755)}
	for _, dir := range []string{"usr/local/bin", "var/run/argocd", "home/argocd/cmp-server/config", "home/argocd/cmp-server/plugins", "dev", "proc", "sys/fs/cgroup", "tmp"} {
		errs = append(errs, os.MkdirAll(filepath.Join(s.root, dir), 0o755))
	}
	errs = append(errs,
		os.Chmod(filepath.Join(s.root, "tmp"), os.ModeSticky|0o777), // as an emptyDir
		copyFile(builds.kesbridge, s.kesbridge(), 0o755),
		copyFile(server, filepath.Join(s.root, "var/run/argocd/argocd-cmp-server"), 0o755),
		copyFile(plugin, filepath.Join(s.root, "home/argocd/cmp-server/config/plugin.yaml"), 0o644))
	if os.Geteuid() == 0 {
		errs = append(errs, os.Chown(s.sockets, uid, uid))
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func copyFile(from, to string, mode fs.FileMode) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, mode)
}

// await waits until the server listens; false if it ended.
func (s *sidecar) await(t *testing.T) bool {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(s.socket()); err == nil {
			return true
		}
		select {
		case <-s.ended:
			return false
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("%s doesn't listen:\n%s", s.version, s.log)
		}
	}
}

// stop ends a server. It takes SIGTERM for a reason to close its socket only,
// so it is killed soon.
func stop(cmd *exec.Cmd, ended <-chan struct{}) {
	cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(500 * time.Millisecond):
		cmd.Process.Kill()
		<-ended
	}
}

// processes are the kesbridge processes of this sidecar.
func (s *sidecar) processes() []int {
	want, err := os.Stat(s.kesbridge())
	if err != nil {
		return nil
	}
	exes, _ := filepath.Glob("/proc/[0-9]*/exe")
	var pids []int
	for _, exe := range exes {
		if info, err := os.Stat(exe); err == nil && os.SameFile(info, want) {
			var pid int
			if _, err := fmt.Sscanf(exe, "/proc/%d/exe", &pid); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// generated are the lines that successful calls wrote, as cmp-server logs
// them.
func (s *sidecar) generated() []generated {
	var out []generated
	for line := range strings.Lines(s.log.String()) {
		var entry struct{ Stderr string }
		if json.Unmarshal([]byte(line), &entry) != nil {
			continue
		}
		var g generated
		if json.Unmarshal([]byte(entry.Stderr), &g) == nil && g.Msg == "generated" {
			out = append(out, g)
		}
	}
	return out
}

// generated is what the tests read of such a line.
type generated struct {
	Msg, App, Project, Revision, ESO string
	WaitMs, RenderMs, MaxRSSMiB      int64
	KES, Converted                   int
	Modes                            map[string]int
}

// log is what the server prints.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
