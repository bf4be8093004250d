//go:build unix

package cli

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// maxRSS is the most memory that the process has had, in bytes.
func maxRSS() int64 {
	if n := highWater(); n > 0 {
		return n
	}
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}

// highWater is Linux's VmHWM (proc_pid_status(5)), 0 elsewhere. Linux's
// ru_maxrss also has the parent's, whose memory a child shares until exec: in
// the sidecar that of argocd-cmp-server, which can be larger than ours.
func highWater() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		if len(f) != 3 || f[0] != "VmHWM:" || f[2] != "kB" {
			continue
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return 0
		}
		return n << 10
	}
	return 0
}
