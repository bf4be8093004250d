//go:build unix && !linux

package cmpserver

import "syscall"

// attributes: no signal at the parent's death here; a killed kesbridge leaves
// its server behind.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
