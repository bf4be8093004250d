// Package cmpserver runs Argo CD's cmp-server for one call of the argocd
// command: the released argocd is a multi-call binary, so the user's own can
// serve kesbridge as a plugin (Argo CD: cmd/main.go; cmpserver/server.go).
package cmpserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"kesbridge/internal/limit"
)

// What Argo CD's programs read (Argo CD: common/common.go, cmd/main.go).
const (
	socketEnv = "ARGOCD_PLUGINSOCKFILEPATH"
	workEnv   = "ARGOCD_CMP_WORKDIR"
	binaryEnv = "ARGOCD_BINARY_NAME"
	binary    = "argocd-cmp-server"
)

// maxSocket is how long a socket's path may be: sun_path holds 104 bytes on
// macOS, 108 on Linux, one of them for the NUL.
const maxSocket = 103

const (
	startTime = 30 * time.Second // until the server listens
	stopTime  = 2 * time.Second  // until it has ended what it was asked for
)

// Config says what is served.
type Config struct {
	// Argocd is the user's argocd binary.
	Argocd string
	// Name and Version are the plugin's; an Application names it NAME-VERSION,
	// or NAME where there is no version.
	Name, Version string
	// Executable is kesbridge itself, an absolute path.
	Executable string
	// Env is the server's environment, and so the plugin's.
	Env []string
}

// SocketError is a plugin's name that leaves no room for a socket's path.
type SocketError struct{ Name string }

func (e *SocketError) Error() string {
	return fmt.Sprintf("plugin name %q: too long for the path of a socket, which holds %d bytes", e.Name, maxSocket)
}

// StartError is a server that didn't come up; Said is the end of its log.
type StartError struct {
	Err  error
	Said string
}

func (e *StartError) Error() string {
	s := "start argocd-cmp-server: " + e.Err.Error()
	if e.Said != "" {
		s += ": " + e.Said
	}
	return s
}
func (e *StartError) Unwrap() error { return e.Err }

// Server is a running cmp-server.
type Server struct {
	sockets, work string
	cmd           *exec.Cmd
	exited        chan struct{} // closed after Wait
	err           error         // of Wait
	remove        []func() error
}

// Env is what tells argocd where the plugin's socket is.
func (s *Server) Env() string { return socketEnv + "=" + s.sockets }

// Start starts the server and waits until it listens. Stop must be called
// where there is no error.
func Start(ctx context.Context, c Config) (*Server, error) {
	if !supported {
		return nil, errors.New("argocd-cmp-server runs on Linux and macOS only")
	}
	s := &Server{exited: make(chan struct{})}
	err := s.start(ctx, c)
	if err != nil {
		err = errors.Join(err, s.Stop())
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, c Config) error {
	dir, err := s.scratch("")
	if err != nil {
		return err
	}
	address := c.Name
	if c.Version != "" {
		address += "-" + c.Version
	}
	address += ".sock"
	if s.sockets = dir; len(filepath.Join(dir, address)) > maxSocket {
		if s.sockets, err = s.scratch("/tmp"); err != nil {
			return err
		}
	}
	address = filepath.Join(s.sockets, address)
	if len(address) > maxSocket || filepath.Dir(address) != s.sockets {
		return &SocketError{c.Name}
	}
	s.work = filepath.Join(dir, "work", "_cmp_server") // common/common.go, GetCMPWorkDir
	if err := writePlugin(filepath.Join(dir, "config"), c); err != nil {
		return err
	}
	log := &end{}
	s.cmd = exec.Command(c.Argocd, "--config-dir-path", filepath.Join(dir, "config"))
	s.cmd.Env = append(c.Env, binaryEnv+"="+binary, s.Env(), workEnv+"="+filepath.Dir(s.work))
	s.cmd.Dir = dir
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.WaitDelay = stopTime
	s.cmd.SysProcAttr = attributes()
	if err := s.launch(); err != nil {
		return &StartError{Err: err}
	}
	if err := s.listening(ctx, address); err != nil {
		return &StartError{Err: err, Said: log.String()}
	}
	return nil
}

// scratch makes a private directory, below base or where temporary files go.
// What a killed kesbridge left there is removed by the next one.
func (s *Server) scratch(base string) (string, error) {
	c := limit.Config{}
	if base != "" {
		c.Dir = filepath.Join(base, filepath.Base(limit.DefaultDir()))
	}
	l, err := limit.Open(c)
	if err != nil {
		return "", err
	}
	s.remove = append(s.remove, l.Close)
	_, _ = l.Clean() // others' leftovers are no reason to fail
	dir, remove, err := l.Scratch()
	if err == nil {
		s.remove = append(s.remove, remove)
	}
	return dir, err
}

// writePlugin writes what plugin.yaml is in a sidecar. The link has kesbridge's
// own name whatever its binary is installed as.
func writePlugin(dir string, c Config) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("write plugin.yaml: %w", err)
	}
	link := filepath.Join(dir, "kesbridge")
	err := os.Symlink(c.Executable, link)
	if err == nil {
		var b []byte
		if b, err = Plugin(c.Name, c.Version, link); err == nil {
			err = os.WriteFile(filepath.Join(dir, "plugin.yaml"), b, 0o600)
		}
	}
	if err != nil {
		return fmt.Errorf("write plugin.yaml: %w", err)
	}
	return nil
}

// Plugin is plugin.yaml for a plugin of this name whose command is kesbridge,
// as JSON, in which any path can be written (Argo CD: cmpserver/plugin/config.go).
func Plugin(name, version, kesbridge string) ([]byte, error) {
	type command struct {
		Command []string `json:"command"`
	}
	var p struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Spec struct {
			Version    string  `json:"version,omitempty"`
			Generate   command `json:"generate"`
			Parameters struct {
				Dynamic command `json:"dynamic"`
			} `json:"parameters"`
		} `json:"spec"`
	}
	p.APIVersion, p.Kind = "argoproj.io/v1alpha1", "ConfigManagementPlugin"
	p.Metadata.Name, p.Spec.Version = name, version
	p.Spec.Generate.Command = []string{kesbridge, "plugin", "generate"}
	p.Spec.Parameters.Dynamic.Command = []string{kesbridge, "plugin", "parameters"}
	return json.MarshalIndent(p, "", "  ")
}

// listening waits until the socket takes a connection.
func (s *Server) listening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, fmt.Errorf("no socket after %s", startTime))
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("unix", address); err == nil {
			return conn.Close()
		}
		select {
		case <-s.exited:
			if s.err != nil {
				return s.err
			}
			return errors.New("it ended by itself")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// Stop ends the server and removes its directories. It may be called again.
func (s *Server) Stop() error {
	if s.cmd != nil && s.cmd.Process != nil {
		s.end()
	}
	var errs []error
	for i := len(s.remove) - 1; i >= 0; i-- {
		errs = append(errs, s.remove[i]())
	}
	s.remove = nil
	return errors.Join(errs...)
}

// end asks the server to end and kills it when nothing is left that it was
// asked for: cmp-server takes SIGTERM and goes on serving. A request's
// directory goes after its plugin did (cmpserver/plugin/plugin.go), so an
// empty one says that no plugin runs.
func (s *Server) end() {
	s.signal(false)
	deadline := time.Now().Add(stopTime)
	for time.Now().Before(deadline) && !s.idle() {
		time.Sleep(5 * time.Millisecond)
	}
	s.signal(true)
	<-s.exited
}

func (s *Server) idle() bool {
	select {
	case <-s.exited:
		return true
	default:
	}
	entries, err := os.ReadDir(s.work)
	return err != nil || len(entries) == 0
}

// end keeps the end of a log.
type end struct {
	mu  sync.Mutex
	buf []byte
}

func (e *end) Write(p []byte) (int, error) {
	const most = 4 << 10
	e.mu.Lock()
	defer e.mu.Unlock()
	e.buf = append(e.buf, p...)
	e.buf = e.buf[max(0, len(e.buf)-most):]
	return len(p), nil
}

func (e *end) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return strings.TrimSpace(string(e.buf))
}
