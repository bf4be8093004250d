package sidecar

import (
	"fmt"
	"path"
	"strings"

	"kesbridge/internal/limit"
)

// Refusal is what Argo CD shows of a call that found no slot: why, what to
// turn, the app, and how to render it elsewhere.
func Refusal(e *limit.BusyError, getenv func(string) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v\n", e)
	if fix := e.Fix(); fix != "" {
		fmt.Fprintf(&b, "  %s\n", fix)
	}
	or := func(name, otherwise string) string {
		if v := getenv(name); v != "" {
			return Clip(v)
		}
		return otherwise
	}
	app := Clip(strings.Replace(getenv("ARGOCD_APP_NAME"), "_", "/", 1))
	dir := or("ARGOCD_APP_SOURCE_PATH", ".")
	fmt.Fprintf(&b, "app %s, project %s, path %s, revision %s\nreproduce: kesbridge render %s",
		app, or("ARGOCD_APP_PROJECT_NAME", "?"), dir, or("ARGOCD_APP_REVISION", "?"), Quote(path.Clean(dir)))
	for _, f := range []struct{ flag, env string }{{"app-name", "ARGOCD_APP_NAME"}, {"app-namespace", "ARGOCD_APP_NAMESPACE"}, {"kube-version", "KUBE_VERSION"}} {
		if v := getenv(f.env); v != "" && v == Clip(v) {
			fmt.Fprintf(&b, " --%s %s", f.flag, Quote(v))
		}
	}
	return b.String() + "\n"
}

// Clip shortens what an author may have made long: what Argo CD is to show has
// an end.
func Clip(s string) string {
	const longest = 256
	if len(s) <= longest {
		return s
	}
	return strings.ToValidUTF8(s[:longest-3], "") + "..."
}

// Quote quotes for a shell where it is needed.
func Quote(s string) string {
	plain := func(r rune) bool {
		return r == '-' || r == '_' || r == '.' || r == '/' || r == '=' || r == ':' || r == '@' || r == ',' || r == '+' ||
			'0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
