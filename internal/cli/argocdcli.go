package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// argocdName is the environment's word for the user's argocd.
const argocdName = "KESBRIDGE_ARGOCD"

// argocdError is what the user's argocd says when it fails.
type argocdError struct {
	args    []string
	code    int
	message string
}

func (e *argocdError) Error() string {
	s := fmt.Sprintf("argocd %s: exit status %d", strings.Join(e.args, " "), e.code)
	if e.message != "" {
		s += ": " + e.message
	}
	return s
}

// Hint says what to do. argocd tells only by its text (gRPC's codes in it are
// stable).
func (e *argocdError) Hint() string {
	m := strings.ToLower(e.message)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(m, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("permissiondenied", "permission denied"):
		return "kesbridge needs the right `applications, get` for this Application; Argo CD says the same of one that doesn't exist: argocd app list shows the names, NAMESPACE/NAME is one outside Argo CD's own namespace"
	case has("code = notfound", "not found"):
		return "argocd app list shows the names; NAMESPACE/NAME is one outside Argo CD's own namespace"
	case has("unauthenticated", "invalid session", "token is expired", "no session information", "server address unspecified", "not logged in", "error: context"):
		return "log in with argocd login SERVER, or set ARGOCD_SERVER and ARGOCD_AUTH_TOKEN; argocd reads ARGOCD_OPTS for more flags"
	case has("code = unavailable", "connection refused", "no such host", "deadlineexceeded", "i/o timeout", "failed to establish connection", "certificate"):
		return "argocd can't reach its server: try argocd version; ARGOCD_OPTS=\"--grpc-web\" and the like are read by argocd itself"
	}
	return "try the same command by itself; kesbridge adds nothing to it"
}

// argocd runs the user's own argocd, without a shell, in the environment that
// it would have by itself, and gives what it prints.
func (a *app) argocd(ctx context.Context, args ...string) ([]byte, error) {
	name := or(a.env[argocdName], "argocd")
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, &hintError{fmt.Errorf("find argocd: %w", err), "install the argocd command of your Argo CD, or name it with " + argocdName + "; with its output in a file, use --live FILE"}
	}
	var out bytes.Buffer
	said := &tail{most: 8 << 10}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &out, said
	cmd.WaitDelay = 2 * time.Second
	done := a.progress("argocd " + strings.Join(args, " "))
	err = cmd.Run()
	done()
	exit := (*exec.ExitError)(nil)
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("argocd %s: %w", strings.Join(args, " "), context.Cause(ctx))
	case errors.As(err, &exit):
		return nil, &argocdError{args, exit.ExitCode(), argocdMessage(said.String())}
	case err != nil:
		return nil, fmt.Errorf("argocd %s: %w", strings.Join(args, " "), err)
	}
	return out.Bytes(), nil
}

var logMessage = regexp.MustCompile(`\bmsg=("(?:[^"\\]|\\.)*"|\S+)`)

// argocdMessage is the last thing that argocd said: its log lines are JSON or
// logfmt.
func argocdMessage(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	line := strings.TrimSpace(lines[len(lines)-1])
	var entry struct{ Msg string }
	if json.Unmarshal([]byte(line), &entry) == nil && entry.Msg != "" {
		return entry.Msg
	}
	if m := logMessage.FindStringSubmatch(line); m != nil {
		var msg string
		if json.Unmarshal([]byte(m[1]), &msg) == nil {
			return msg
		}
		return m[1]
	}
	return line
}

// tail keeps the end of what is written.
type tail struct {
	buf  []byte
	most int
}

func (t *tail) Write(p []byte) (int, error) {
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - t.most; n > 0 {
		t.buf = append(t.buf[:0], t.buf[n:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.buf) }
