//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package limit

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// supported says that the kernel frees a dead process's locks.
const supported = true

const (
	shared    = syscall.LOCK_SH
	exclusive = syscall.LOCK_EX
)

// lock waits for the lock. The lock belongs to the open file: closing it, or
// the end of the process, however it ends, frees it. Go opens files so that
// programs which we start don't get them.
func lock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// tryLock reports false where another has the lock.
func tryLock(f *os.File, how int) (bool, error) {
	err := lock(f, how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// owner is the user that a file belongs to.
func owner(fi fs.FileInfo) (uid int, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}
