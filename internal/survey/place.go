package survey

import (
	"path"
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// relocate puts variables that were rendered at their source: the one line in
// all files that the render read that names them. Where there are more, or
// none, the place in the rendered text stays.
func (s *reading) relocate(list []*kes.Controller, files []string) {
	places := map[string][]manifest.Pos{}
	wanted := map[string]bool{}
	for _, c := range list {
		for name := range c.Places {
			wanted[name] = true
		}
	}
	if len(wanted) == 0 {
		return
	}
	for _, file := range files {
		switch path.Ext(file) {
		case ".yaml", ".yml", ".json", ".env", ".properties", ".tpl", "":
		default:
			continue
		}
		data, err := s.open(file)
		if err != nil {
			continue
		}
		number := 0
		for line := range strings.Lines(string(data)) {
			number++
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			for name, column := range namesIn(line) {
				if wanted[name] && len(places[name]) < 2 {
					places[name] = append(places[name], manifest.Pos{File: file, Line: number, Column: column})
				}
			}
		}
	}
	for _, c := range list {
		for name, at := range c.Places {
			if len(places[name]) != 1 {
				continue
			}
			for i := range c.Open {
				if c.Open[i].Variable == name && c.Open[i].Pos == at {
					c.Open[i].Pos = places[name][0]
				}
			}
			c.Places[name] = places[name][0]
		}
	}
}

// namesIn gives the words of a line that may be names of variables, with their
// columns, counted in characters from 1; of one that stands there twice the
// first.
func namesIn(line string) map[string]int {
	out := map[string]int{}
	start := -1
	runes := slices.Concat([]rune(line), []rune{' '})
	for i, r := range runes {
		letter := r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
		switch {
		case letter && start < 0:
			start = i
		case !letter && start >= 0:
			word := string(runes[start:i])
			if _, ok := out[word]; !ok {
				out[word] = start + 1
			}
			start = -1
		}
	}
	return out
}
