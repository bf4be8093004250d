package cli

import (
	"time"

	"kesbridge/internal/limit"
)

// deadline is when the caller gives up, as far as that can be told. Its time
// runs while the repository is sent, too, which takes long just when many
// calls come at once: so it is counted from the making of the directory for
// the repository, which is the first that cmp-server does
// (cmpserver/plugin/plugin.go, getTempDirMustCleanup, 2.14 to 3.6).
//
// A slot that is free is taken in any case: the caller may have more time than
// KESBRIDGE_TIMEOUT says.
func (c *call) deadline(start time.Time, timeout time.Duration) time.Time {
	made, ok := firstRead(c.root)
	if sent := start.Sub(made); !ok || sent < 0 || sent > timeout {
		return start.Add(timeout) // not this call's
	}
	if soon := start.Add(2 * limit.DefaultReserve); made.Add(timeout).Before(soon) {
		return soon
	}
	return made.Add(timeout)
}
