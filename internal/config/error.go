package config

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
)

// Error is one mistake in a configuration file.
type Error struct {
	Pos manifest.Pos
	// Key is the way to the value: "stores[0].match.region"; empty for the
	// file as a whole.
	Key string
	// Message says what is wrong and, where that is known, what was meant.
	Message string
}

// Error gives "file:line:col: key: message".
func (e *Error) Error() string {
	s := e.Pos.String()
	if e.Key != "" {
		if s != "" {
			s += ": "
		}
		s += e.Key
	}
	if s != "" {
		s += ": "
	}
	return s + e.Message
}

// NoClusterError says that the file distinguishes clusters and none was
// chosen: their stores and settings differ, so there is no safe guess.
type NoClusterError struct {
	File  string
	Names []string // sorted
}

func (e *NoClusterError) Error() string {
	return fmt.Sprintf("%s defines clusters and none was chosen: use --cluster with one of %s", e.File, strings.Join(e.Names, ", "))
}

// UnknownClusterError says that a cluster was chosen that isn't defined.
type UnknownClusterError struct {
	// File is empty where there is no configuration at all.
	File  string
	Name  string
	Names []string // sorted
}

func (e *UnknownClusterError) Error() string {
	switch {
	case e.File == "":
		return fmt.Sprintf("unknown cluster %q: there is no %s that defines clusters", e.Name, FileName)
	case len(e.Names) == 0:
		return fmt.Sprintf("unknown cluster %q: %s defines no clusters", e.Name, e.File)
	}
	if s := suggest(e.Name, e.Names); s != "" {
		return fmt.Sprintf("unknown cluster %q in %s: did you mean %q?", e.Name, e.File, s)
	}
	return fmt.Sprintf("unknown cluster %q: %s defines %s", e.Name, e.File, strings.Join(e.Names, ", "))
}

// suggest finds the candidate that was most likely meant: the one with the
// fewest slips, case aside, as long as they are few for its length. It is ""
// where nothing is near. The first of equals wins.
func suggest(name string, candidates []string) string {
	best, least := "", 4
	for _, c := range candidates {
		limit := min(3, max(1, len(c)/3))
		if d := distance(strings.ToLower(name), strings.ToLower(c)); d <= limit && d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment), which are what fingers do.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if d := len(s) - len(t); d > 3 || d < -3 {
		// Farther than anything that is ever suggested; keeps hostile input
		// from costing anything.
		return max(len(s), len(t))
	}
	var before []int
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		next := make([]int, len(t)+1)
		next[0] = i + 1
		for j := range t {
			cost := 1
			if s[i] == t[j] {
				cost = 0
			}
			next[j+1] = min(next[j]+1, row[j+1]+1, row[j]+cost)
			if i > 0 && j > 0 && s[i] == t[j-1] && s[i-1] == t[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(t)]
}

// sortErrors orders by position, so that a person can go down the file.
func sortErrors(errs []*Error) {
	slices.SortStableFunc(errs, func(a, b *Error) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
}
