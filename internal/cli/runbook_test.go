package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/rule"
)

// TestRunbooks: what the runbooks tell people to type exists: commands, flags,
// modes, rules, and places in other pages. Somebody reads them at night.
func TestRunbooks(t *testing.T) {
	said := regexp.MustCompile("(?m)(?:^ *|[`(|&] ?)kesbridge ((?:[a-z]+ ?)+)([^`|\n#]*)")
	flag := regexp.MustCompile(`(?:^|\s)(--?[a-zA-Z][a-z-]*)`)
	ids := regexp.MustCompile(`KES\d{3}`)
	modes := regexp.MustCompile("mode `([a-z-]+)`")
	links := regexp.MustCompile(`\]\(([a-z]*\.?m?d?)#([a-z0-9-]+)\)`)
	for _, page := range []string{"cutover.md", "rollback.md", "preview.md", "ci.md"} {
		data, err := os.ReadFile(filepath.Join("../../docs", page))
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		commands := 0
		for _, m := range said.FindAllStringSubmatch(text, -1) {
			cmd, rest, err := (&app{env: map[string]string{}}).root().Find(strings.Fields(m[1]))
			if err != nil || !cmd.HasParent() {
				t.Errorf("%s: kesbridge %s: %v", page, m[1], err)
				continue
			}
			if cmd.HasSubCommands() && len(rest) > 0 {
				t.Errorf("%s: kesbridge %s: no such command", page, m[1])
			}
			commands++
			own, _, _ := strings.Cut(" "+m[2], " -- ") // the rest is argocd's
			for _, f := range flag.FindAllStringSubmatch(own, -1) {
				name := strings.TrimLeft(f[1], "-")
				if cmd.Flags().Lookup(name) == nil && (len(name) != 1 || cmd.Flags().ShorthandLookup(name) == nil) {
					t.Errorf("%s: kesbridge %s has no flag %s", page, m[1], f[1])
				}
			}
		}
		if commands < 5 {
			t.Errorf("%s: only %d commands found", page, commands)
		}
		for _, id := range ids.FindAllString(text, -1) {
			if _, ok := rule.Find(id); !ok {
				t.Errorf("%s: no rule %s", page, id)
			}
		}
		for _, m := range modes.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(config.Modes(), m[1]) {
				t.Errorf("%s: no mode %s", page, m[1])
			}
		}
		for _, m := range links.FindAllStringSubmatch(text, -1) {
			file := m[1]
			if file == "" {
				file = page
			}
			if !slices.Contains(anchors(t, file), m[2]) {
				t.Errorf("%s: %s has no heading #%s", page, file, m[2])
			}
		}
	}
}

// anchors are those that GitHub gives a page's headings.
func anchors(t *testing.T, page string) []string {
	data, err := os.ReadFile(filepath.Join("../../docs", page))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for line := range strings.Lines(string(data)) {
		if title := strings.TrimLeft(line, "#"); title != line {
			title = strings.ToLower(strings.TrimSpace(title))
			title = regexp.MustCompile("[^a-z0-9 -]").ReplaceAllString(title, "")
			out = append(out, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return out
}
