package argocd

import (
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// matcher is a function that tells whether a name fits one of several
// patterns.
func matcher(patterns []string, compile func(string) (func(string) bool, error)) (func(string) bool, error) {
	var all []func(string) bool
	for _, p := range patterns {
		f, err := compile(p)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return func(name string) bool {
		for _, f := range all {
			if f(name) {
				return true
			}
		}
		return false
	}, nil
}

// maxPattern bounds patterns: matching backtracks.
const maxPattern = 512

// doubleStar is the controller's new globbing: "*" doesn't cross "/".
func doubleStar(pattern string) (func(string) bool, error) {
	pattern = strings.TrimPrefix(path.Clean("/"+pattern), "/")
	if len(pattern) > maxPattern || !doublestar.ValidatePattern(pattern) {
		return nil, &PathError{Path: pattern, Reason: "not a pattern"}
	}
	return func(name string) bool { return doublestar.MatchUnvalidated(pattern, name) }, nil
}

// pathspec is what `git ls-files -- PATTERN` takes, Argo CD's default
// (util/git/client.go, LsFiles): the name, a directory above it, or a glob
// whose "*" crosses "/" (so "**" is "*").
func pathspec(pattern string) (func(string) bool, error) {
	switch {
	case len(pattern) > maxPattern:
		return nil, &PathError{Path: pattern[:40] + "...", Reason: "too long a pattern"}
	case strings.HasPrefix(pattern, ":"):
		return nil, &PathError{Path: pattern, Reason: "git's pathspec magic isn't supported"}
	case strings.HasPrefix(pattern, "/") || pattern == ".." || strings.HasPrefix(path.Clean(pattern), "../"):
		return nil, &PathError{Path: pattern, Reason: "is outside the repository"}
	}
	if strings.Contains(pattern, "[:") {
		return nil, &PathError{Path: pattern, Reason: "git's character classes aren't supported"}
	}
	slash := strings.HasSuffix(pattern, "/")
	clean := path.Clean(pattern)
	if pattern == "" || clean == "." {
		return func(string) bool { return true }, nil
	}
	glob := strings.ContainsAny(clean, `*?[\`) && !slash
	return func(name string) bool {
		if strings.HasPrefix(name, clean+"/") || !slash && name == clean {
			return true
		}
		return glob && wildmatch(clean, name)
	}, nil
}

// wildmatch is git's (wildmatch.c, no flags): linear but for the last star.
func wildmatch(p, s string) bool {
	pi, si := 0, 0
	star, mark := -1, 0
	for si < len(s) {
		if pi < len(p) && p[pi] == '*' {
			star, mark = pi, si
			pi++
			continue
		}
		if n, ok := matchOne(p[pi:], s[si]); ok {
			pi += n
			si++
			continue
		}
		if star < 0 {
			return false
		}
		mark++
		pi, si = star+1, mark
	}
	for pi < len(p) && p[pi] == '*' {
		pi++
	}
	return pi == len(p)
}

// matchOne matches one byte and tells how much of the pattern it used.
func matchOne(p string, c byte) (int, bool) {
	if p == "" {
		return 0, false
	}
	switch p[0] {
	case '?':
		return 1, true
	case '\\':
		if len(p) < 2 {
			return 0, false
		}
		return 2, p[1] == c
	case '[':
		return matchClass(p, c)
	}
	return 1, p[0] == c
}

func matchClass(p string, c byte) (int, bool) {
	i, negated, found := 1, false, false
	if i < len(p) && (p[i] == '!' || p[i] == '^') {
		negated = true
		i++
	}
	for first := true; ; first = false {
		if i >= len(p) {
			return 0, false
		}
		if p[i] == ']' && !first {
			return i + 1, found != negated
		}
		lo, n := classByte(p[i:])
		i += n
		hi := lo
		if i+1 < len(p) && p[i] == '-' && p[i+1] != ']' {
			hi, n = classByte(p[i+1:])
			i += 1 + n
		}
		found = found || lo <= c && c <= hi
	}
}

func classByte(p string) (byte, int) {
	if p[0] == '\\' && len(p) > 1 {
		return p[1], 2
	}
	return p[0], 1
}
