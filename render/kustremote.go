package render

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// RemoteError says that a URL isn't fetched though the network is allowed.
type RemoteError struct{ URL, Reason string }

func (e *RemoteError) Error() string { return "remote " + e.URL + " refused: " + e.Reason }

// remote fails if kustomize may not fetch what stands in f: a URL, or
// something that it takes for a repository of git.
func (g *guard) remote(f seenFile, what string) error {
	if !g.fs.allow {
		return g.network(f, what)
	}
	if err := checkRemote(what); err != nil {
		return g.placed(f, what, err, "")
	}
	g.cloning = true
	return g.fs.startCloning()
}

// userHost splits what is left of a URL behind its scheme as
// api/internal/git/repospec.go of kustomize v0.21.2 does.
var userHost = regexp.MustCompile(`^(?:([a-zA-Z][a-zA-Z0-9-]*)@)?([^/:]*)[/:]?(.*)$`)

// checkRemote fails if git might take a part of a URL for an option or a
// program: kustomize runs `git fetch --depth=1 URL REF`, and nothing tells git
// where its options end (GHSA-9v9p-x54c-58gc; Argo CD puts a wrapper around
// git, util/kustomize/gitwrapper.go of 3.6.1).
func checkRemote(what string) error {
	refuse := func(reason string) error { return &RemoteError{what, reason} }
	if strings.ContainsFunc(what, unicode.IsControl) {
		return refuse("it holds control characters")
	}
	rest, query, _ := strings.Cut(what, "?")
	if len(rest) >= 5 && strings.EqualFold(rest[:5], "git::") {
		rest = rest[5:]
	}
	scheme, tail, ok := strings.Cut(rest, "://")
	if !ok {
		scheme, tail = "", rest
	}
	switch strings.ToLower(scheme) {
	case "", "http", "https", "ssh":
	case "file":
		return &OutsideError{Path: what}
	default:
		return refuse("its scheme is " + scheme)
	}
	if strings.Contains(tail, "::") {
		return refuse("it names a transport of git's")
	}
	m := userHost.FindStringSubmatch(tail)
	if m == nil || strings.HasPrefix(rest, "-") || strings.HasPrefix(m[2], "-") || strings.HasPrefix(m[3], "-") {
		return refuse("a part of it starts with \"-\"")
	}
	values, _ := url.ParseQuery(query) // kustomize uses what it could read
	for _, key := range []string{"ref", "version"} {
		for _, ref := range values[key] {
			if strings.HasPrefix(ref, "-") {
				return refuse("its " + key + " starts with \"-\", so git would take it for an option")
			}
			if strings.ContainsFunc(ref, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
				return refuse("its " + key + " holds spaces")
			}
		}
	}
	return nil
}
