//go:build !unix

package cmpserver

import (
	"errors"
	"syscall"
)

const supported = false

func (s *Server) launch() error { return errors.ErrUnsupported }

func (s *Server) signal(bool) {}

func attributes() *syscall.SysProcAttr { return nil }
