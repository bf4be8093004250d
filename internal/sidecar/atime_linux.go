package sidecar

import (
	"os"
	"syscall"
	"time"
)

// firstRead is when a directory that nobody has listed yet was made: its time
// of access (inode(7)) changes by that only, while those of modification and
// of status change as soon as something is put into it. One that was listed is
// said to be younger than it is.
func firstRead(dir string) (time.Time, bool) {
	info, err := os.Stat(dir)
	if err != nil {
		return time.Time{}, false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return time.Time{}, false
	}
	return time.Unix(s.Atim.Unix()), true
}
