package eso

import (
	"os"
	"strings"
	"testing"
)

const differencesFile = "differences.md"

// reasons reads the first column of the table in differences.md: what the
// simulation says instead of an answer. A reason stands for all that begin
// with it.
func reasons(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, line := range strings.Split(string(b), "\n") {
		cells := strings.Split(line, "|")
		if len(cells) == 4 && strings.Contains(cells[1], "`") {
			list = append(list, strings.Trim(cells[1], " `"))
		}
	}
	return list
}

// CheckReasons fails on a "not provable" that no reason of the list covers,
// and on a reason that doesn't occur.
func CheckReasons(t testing.TB, rep *Report, list []string) {
	t.Helper()
	seen := map[string]bool{}
	for why, n := range rep.Unsure {
		why = strings.TrimPrefix(why, "not provable: ")
		found := false
		for _, r := range list {
			if strings.HasPrefix(why, r) {
				found, seen[r] = true, true
			}
		}
		if !found {
			t.Errorf("%s doesn't list this reason (%d inputs): %s", differencesFile, n, why)
		}
	}
	for _, r := range list {
		if !seen[r] {
			t.Errorf("%s lists what doesn't occur: %s", differencesFile, r)
		}
	}
}
