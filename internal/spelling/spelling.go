// Package spelling finds the word that was most likely meant.
package spelling

import "strings"

// Closest finds the candidate that was most likely meant: the one with the
// fewest slips, case aside, as long as they are few for its length. It is ""
// where nothing is near. The first of equals wins.
func Closest(name string, candidates []string) string {
	best, least := "", 4
	for _, c := range candidates {
		limit := min(3, max(1, len(c)/3))
		if d := Distance(strings.ToLower(name), strings.ToLower(c)); d <= limit && d < least {
			best, least = c, d
		}
	}
	return best
}

// Distance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment), which are what fingers do.
func Distance(a, b string) int {
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
