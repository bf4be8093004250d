package argocd

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// differencesFile lists what is known to differ, in Markdown tables.
const differencesFile = "differences.md"

// difference is a row: what differs in a case, and why.
type difference struct {
	test, with, what, why string
}

// holdsWith reports whether the row is for a line of tools.
func (d difference) holdsWith(line string) bool {
	return d.with == "all" || slices.Contains(strings.Split(d.with, ", "), line)
}

// row is what a person pastes into the file, and a reason behind it.
func (d difference) row() string {
	return "| " + d.test + " | " + d.with + " | " + cell(d.what) + " | TODO: why |"
}

func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", "\\n").Replace(s)
}

// loadDifferences reads every table row with as many cells as asked for.
func loadDifferences(t *testing.T, heading string) []difference {
	t.Helper()
	b, err := os.ReadFile(differencesFile)
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(b), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", differencesFile, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var out []difference
	body := false
	for line := range strings.SplitSeq(section, "\n") {
		if strings.HasPrefix(line, "| ---") {
			body = true
			continue
		}
		if !body || !strings.HasPrefix(line, "|") {
			continue
		}
		cells := splitRow(line)
		if len(cells) != 4 {
			t.Fatalf("%s: %d cells instead of 4: %s", differencesFile, len(cells), line)
		}
		d := difference{cells[0], cells[1], cells[2], cells[3]}
		if d.why == "" || strings.HasPrefix(d.why, "TODO") {
			t.Errorf("%s: no reason: %s", differencesFile, line)
		}
		out = append(out, d)
	}
	return out
}

// splitRow splits at "|" but not at "\|".
func splitRow(line string) []string {
	const mark = "\x00"
	line = strings.ReplaceAll(strings.Trim(strings.TrimSpace(line), "|"), "\\|", mark)
	cells := strings.Split(line, "|")
	for i, c := range cells {
		cells[i] = strings.TrimSpace(strings.ReplaceAll(c, mark, "\\|"))
	}
	return cells
}
