//go:build unix

package cmpserver

import (
	"runtime"
	"syscall"
)

const supported = true

// launch starts the process on a thread that lives as long as it does: on
// Linux the signal at the parent's death is one at the death of its thread
// (prctl(2), PR_SET_PDEATHSIG).
func (s *Server) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			s.err = s.cmd.Wait()
			close(s.exited)
		}
	}()
	return <-started
}

// signal reaches the whole group: argocd may be a wrapper that starts it.
func (s *Server) signal(kill bool) {
	sig := syscall.SIGTERM
	if kill {
		sig = syscall.SIGKILL
	}
	_ = syscall.Kill(-s.cmd.Process.Pid, sig) // it may have ended
}
