package sidecar

import (
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"kesbridge/internal/limit"
)

// Deadline is when the caller gives up, as far as that can be told. Its time
// runs while the repository is sent, too, which takes long just when many
// calls come at once: so it is counted from the making of the directory for
// the repository, which is the first that cmp-server does
// (cmpserver/plugin/plugin.go, getTempDirMustCleanup, 2.14 to 3.6). An empty
// root isn't known.
//
// A slot that is free is taken in any case: the caller may have more time than
// KESBRIDGE_TIMEOUT says.
func Deadline(root string, start time.Time, timeout time.Duration) time.Time {
	made, ok := firstRead(root)
	if sent := start.Sub(made); !ok || sent < 0 || sent > timeout {
		return start.Add(timeout) // not this call's
	}
	if soon := start.Add(2 * limit.DefaultReserve); made.Add(timeout).Before(soon) {
		return soon
	}
	return made.Add(timeout)
}

// root is the current directory without the app's path; "" where it can't be
// told so simply.
func root(appPath string) string {
	dir, err := os.Getwd()
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return ""
	}
	p := path.Clean("/" + appPath)[1:]
	if p == "" {
		return dir
	}
	r, ok := strings.CutSuffix(dir, string(filepath.Separator)+filepath.FromSlash(p))
	if !ok {
		return ""
	}
	return r
}
