package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"

	"kesbridge/internal/manifest"
)

// Fingerprint tells a finding again in every format and run, wherever lines
// moved: a digest of rule, object, file and message, in which positions count
// for nothing. It doesn't know the app or the cluster: one fault in a source
// that two clusters see is one finding. Two findings that it can't tell apart
// get numbers in a report (Settle).
func Fingerprint(f manifest.Finding) string {
	return digest("kesbridge/v1", f.Rule, f.Ref.Group, f.Ref.Kind, f.Ref.Namespace, f.Ref.Name, f.Pos.File, f.Pos.Origin, withoutPositions(f.Message))
}

// digest is 128 bits in hex: GitLab's own fingerprints are that long. Lengths
// keep ("a", "bc") and ("ab", "c") apart.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

var (
	// colons are the positions of Pos.String and of the libraries' errors, and
	// only where a file's name or a bracket stands in front.
	colons = regexp.MustCompile(`([\w)\]>]):[0-9]+(?::[0-9]+)?\b`)
	// words are those of YAML's, JSON's and the templates' errors.
	words = regexp.MustCompile(`(?i)\b(lines?|columns?|col|offset|position|character|byte)([ :=]+)[0-9]+((?:-|, | to | and )[0-9]+)*\b`)
	sizes = regexp.MustCompile(`(?i)\b[0-9]+ (bytes?|characters?|lines?)\b`)
)

func withoutPositions(s string) string {
	s = colons.ReplaceAllString(s, "$1:#")
	s = words.ReplaceAllString(s, "$1$2#")
	return sizes.ReplaceAllString(s, "# $1")
}

// spot is what one fault is known by within a report: findings of several apps
// at one spot are the same.
type spot struct {
	fingerprint string
	pos         manifest.Pos
	message     string
}

func spotOf(f manifest.Finding) spot {
	return spot{Fingerprint(f), f.Pos, f.Message}
}

// numbers gives every spot its own fingerprint: the first of equal ones, by
// place, has the plain one, so that a second one doesn't change it.
func numbers(r *Report) map[spot]string {
	all := map[string][]spot{}
	seen := map[spot]bool{}
	r.each(func(_ *App, f *Finding) {
		s := spotOf(f.Finding)
		if !seen[s] {
			seen[s] = true
			all[s.fingerprint] = append(all[s.fingerprint], s)
		}
	})
	out := map[spot]string{}
	for print, spots := range all {
		slices.SortFunc(spots, func(a, b spot) int {
			return cmp.Or(cmp.Compare(a.pos.Line, b.pos.Line), cmp.Compare(a.pos.Column, b.pos.Column), cmp.Compare(a.message, b.message))
		})
		for i, s := range spots {
			out[s] = print
			if i > 0 {
				out[s] = digest(print, strconv.Itoa(i+1))
			}
		}
	}
	return out
}
