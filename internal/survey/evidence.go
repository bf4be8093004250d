package survey

import (
	"slices"
	"strings"
)

// Evidence gathers what files say of ESO's version, and nothing else. The zero
// value is ready.
type Evidence struct{ report Report }

// Add looks at one file.
func (e *Evidence) Add(name string, data []byte) error {
	docs, err := parse(data)
	if err != nil {
		return err
	}
	for _, doc := range docs {
		e.report.object(name, doc)
	}
	return nil
}

// Versions are in the order in which files were added.
func (e *Evidence) Versions() []Version { return e.report.Versions }

// Destinations are the clusters that an Application in the same file brings it
// to; none where the file doesn't tell.
func (v Version) Destinations() []Cluster {
	var out []Cluster
	for _, key := range v.Clusters {
		name, server, _ := strings.Cut(key, "\x00")
		if c := (Cluster{Name: name, Server: server}); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}
