package survey

import (
	"cmp"
	"strings"
)

// Snippet is what to write into kesbridge.yaml: one KES for all, or each for
// the clusters that Applications bring it to; what Git doesn't tell is left to
// the reader, in comments.
func Snippet(found []Found) []byte {
	w := &writer{}
	switch {
	case len(found) == 0:
		w.line(0, "# no Deployment, values, Application or HelmRelease of KES was found")
		w.line(0, "# controller:")
		w.line(0, "#   env: {AWS_REGION: eu-west-1}")
	case len(found) == 1:
		w.found(0, "", found[0])
		w.line(0, "controller:")
		w.line(2, "from: %s", scalar(found[0].From))
	default:
		w.perCluster(found)
	}
	return []byte(w.String())
}

func (w *writer) found(indent int, comment string, f Found) {
	w.line(indent, "%s# %s", comment, f.Place)
	if f.Note != "" {
		w.line(indent, "%s# %s", comment, f.Note)
	}
}

func (w *writer) perCluster(found []Found) {
	var open []Found
	names := map[string]bool{}
	var lines writer
	for _, f := range found {
		if len(f.Clusters) == 0 {
			open = append(open, f)
		}
		for _, c := range f.Clusters {
			name := cmp.Or(c.Name, serverName(c.Server))
			comment := ""
			if names[name] {
				comment = "# " // another KES in the same cluster
			}
			lines.found(2, comment, f)
			lines.line(2, "%s%s:", comment, scalar(name))
			if c.Server != "" {
				lines.line(2, "%s  server: %s", comment, scalar(c.Server))
			}
			lines.line(2, "%s  controller: {from: %s}", comment, scalar(f.From))
			names[name] = true
		}
	}
	if len(names) > 0 {
		w.line(0, "clusters:")
		w.WriteString(lines.String())
	}
	if len(open) > 0 {
		w.line(0, "# not known: to which cluster these go; take in the one that runs, or one for each cluster")
	}
	for _, f := range open {
		w.found(0, "", f)
		w.line(0, "# controller: {from: %s}", scalar(f.From))
	}
}

// serverName makes a cluster's name of its URL.
func serverName(server string) string {
	name := strings.TrimPrefix(server, "https://")
	name, _, _ = strings.Cut(name, "/")
	return name
}
