package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// fakeMultiArgocd is a multi-call argocd as the released one is: a cmp-server
// that takes SIGTERM and goes on, `app get` from $FAKE/NAME.json, and `app
// diff`, which asks the plugin's server for a render. $FAKE/log has its calls.
func fakeMultiArgocd() {
	dir := os.Getenv("FAKE")
	if os.Getenv("ARGOCD_BINARY_NAME") == "argocd-cmp-server" {
		exitOn(fakeServer(dir))
	}
	args := os.Args[1:]
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	exitOn(err)
	fmt.Fprintln(log, strings.Join(args, " "))
	log.Close()
	switch {
	case len(args) > 1 && args[0] == "app" && args[1] == "get":
		data, err := os.ReadFile(filepath.Join(dir, strings.ReplaceAll(args[slices.Index(args, "-o")-1], "/", "+")+".json"))
		if err != nil {
			fmt.Fprintln(os.Stderr, `{"level":"fatal","msg":"rpc error: code = PermissionDenied desc = permission denied"}`)
			os.Exit(20)
		}
		os.Stdout.Write(data)
		return
	case len(args) > 1 && args[1] == "list" && flagValue(append(args, "-o", ""), "-o") == "json":
		data, err := os.ReadFile(filepath.Join(dir, "list"))
		exitOn(err)
		os.Stdout.Write(data)
		return
	case len(args) == 2 && args[0] == "gone":
		exitOn(fakeGone(filepath.Join(dir, args[1])))
		return
	case len(args) == 2 && args[0] == "wait":
		exitOn(fakeUntil("file "+args[1], func() bool { _, err := os.Stat(filepath.Join(dir, args[1])); return err == nil }))
		return
	case slices.Contains(args, "hang"):
		exitOn(os.WriteFile(filepath.Join(dir, "hanging"), nil, 0o644))
		exitOn(fakeUntil("release", func() bool { _, err := os.Stat(filepath.Join(dir, "release")); return err == nil }))
	case os.Getenv("ARGOCD_PLUGINSOCKFILEPATH") != "":
		exitOn(fakeDiff(dir, os.Getenv("ARGOCD_PLUGINSOCKFILEPATH"), flagValue(args, "--local"), flagValue(args, "--local-repo-root")))
	default:
		in, _ := io.ReadAll(os.Stdin)
		fmt.Printf("handed through %q\n", in)
	}
	code, _ := strconv.Atoi(os.Getenv("FAKE_EXIT"))
	os.Exit(code)
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "fake argocd:", err)
		os.Exit(99)
	}
}

func flagValue(args []string, name string) string { return args[slices.Index(args, name)+1] }

// fakeServer listens where cmp-server would and runs the plugin in the
// directory that it is sent.
func fakeServer(dir string) error {
	signal.Ignore(syscall.SIGTERM)
	if os.Getenv("FAKE_BROKEN") != "" {
		return errors.New("no such plugin.yaml")
	}
	data, err := os.ReadFile(filepath.Join(os.Args[2], "plugin.yaml"))
	if err != nil {
		return err
	}
	var p struct {
		Metadata struct{ Name string }
		Spec     struct {
			Version  string
			Generate struct{ Command []string }
		}
	}
	if err := json.Unmarshal(data, &p); err != nil {
		return err
	}
	name := p.Metadata.Name
	if p.Spec.Version != "" {
		name += "-" + p.Spec.Version
	}
	env := strings.Join(slices.Sorted(slices.Values(os.Environ())), "\n")
	if err := os.WriteFile(filepath.Join(dir, "env"), []byte(env), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll(os.Getenv("ARGOCD_CMP_WORKDIR"), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "pid"), []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return err
	}
	listener, err := net.Listen("unix", filepath.Join(os.Getenv("ARGOCD_PLUGINSOCKFILEPATH"), name+".sock"))
	for err == nil {
		var conn net.Conn
		if conn, err = listener.Accept(); err == nil {
			var at struct{ Dir, Path string }
			if json.NewDecoder(conn).Decode(&at) == nil {
				cmd := exec.Command(p.Spec.Generate.Command[0], p.Spec.Generate.Command[1:]...)
				cmd.Dir = at.Dir
				cmd.Env = append(os.Environ(), "ARGOCD_APP_NAME=web", "ARGOCD_APP_NAMESPACE=shop", "ARGOCD_APP_SOURCE_PATH="+at.Path,
					"KUBE_VERSION=1.33", "KUBE_API_VERSIONS=v1,external-secrets.io/v1", `ARGOCD_APP_PARAMETERS=[{"name":"mode","string":"replace"},{"name":"store","string":"aws"}]`)
				out, e := cmd.Output()
				fmt.Fprintf(conn, "%s\nerror: %v\n", out, e)
			}
			conn.Close()
		}
	}
	return err
}

// fakeDiff prints what the one server of this call answers.
func fakeDiff(dir, sockets, local, root string) error {
	entries, err := os.ReadDir(sockets)
	if err != nil || len(entries) != 1 {
		return fmt.Errorf("sockets: %v, %v", entries, err)
	}
	info, err := os.Stat(sockets)
	if err != nil {
		return err
	}
	path := filepath.Join(sockets, entries[0].Name())
	fmt.Printf("%s %s, fits: %t\n", entries[0].Name(), info.Mode(), len(path) < 104)
	conn, err := net.Dial("unix", path)
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(root, local)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(conn).Encode(struct{ Dir, Path string }{local, filepath.ToSlash(rel)}); err != nil {
		return err
	}
	if _, err = io.Copy(os.Stdout, conn); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "sockets"), []byte(sockets), 0o644)
}

// fakeGone waits until the process of a pid file is no more; one that nobody
// waits for counts as gone.
func fakeGone(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(string(data))
	if err != nil {
		return err
	}
	return fakeUntil("end of "+file, func() bool {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, state, _ := strings.Cut(string(stat), ") ")
		return err == nil && strings.HasPrefix(state, "Z")
	})
}

func fakeUntil(what string, f func() bool) error {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if f() {
			return nil
		}
	}
	return errors.New("waited in vain for " + what)
}
