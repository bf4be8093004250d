package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Process is a program that ends with the test at the latest.
type Process struct {
	t    testing.TB
	name string
	log  string
	make func() *exec.Cmd

	mu  sync.Mutex
	cmd *exec.Cmd
}

// Run starts a program in the cluster's directory. The end of what it says is
// shown where the test failed.
func (c *Cluster) Run(name string, env []string, path string, args ...string) *Process {
	c.t.Helper()
	p := &Process{t: c.t, name: name, log: filepath.Join(c.Dir, name+".log")}
	p.make = func() *exec.Cmd {
		cmd := exec.Command(path, args...)
		cmd.Dir = c.Dir
		cmd.Env = append(c.env(), env...)
		// Its own group, and not longer than the test binary.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
		return cmd
	}
	if err := p.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		p.Stop()
		if c.t.Failed() {
			said, _ := os.ReadFile(p.log)
			c.t.Logf("%s:\n%s", name, said[max(0, len(said)-3000):])
		}
	})
	return p
}

// Start starts it again after Stop.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("start %s: it runs", p.name)
	}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close() // the process has its own
	cmd := p.make()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd = cmd
	return nil
}

// Stop kills it and waits.
func (p *Process) Stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.cmd.Wait()
	p.cmd = nil
}

// Said is all that it wrote.
func (p *Process) Said() string {
	said, _ := os.ReadFile(p.log)
	return string(said)
}
