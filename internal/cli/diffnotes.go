package cli

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
)

// notes say what the comparison can't know.
func (a *app) notes(o options, past *past, apps []*revised, asked bool) {
	if o.quiet {
		return
	}
	if !asked {
		fmt.Fprintln(a.err, "kesbridge: no --application: PrunePropagationPolicy=orphan is taken as not set")
	}
	for _, r := range apps {
		name := ""
		if r.name != "" {
			name = r.name + ": "
		}
		switch {
		case r.before == nil:
			fmt.Fprintf(a.err, "kesbridge: %sit isn't in %s: everything in it is new\n", name, past.rev)
		case r.after == nil:
			fmt.Fprintf(a.err, "kesbridge: %sit is only in %s\n", name, past.rev)
		case moved(r.before.renderings) != moved(r.after.renderings):
			fmt.Fprintf(a.err, "kesbridge: %sone side has no plugin block: there Argo CD leaves KES resources as they are\n", name)
		}
		if r.after == nil {
			continue
		}
		if r.before != nil && r.before.app != nil && r.after.app != nil && !sameCluster(r.before.app.Spec.Destination, r.after.app.Spec.Destination) {
			fmt.Fprintf(a.err, "kesbridge: %sit goes to another cluster: there all is new, and where it was all stays behind\n", name)
		}
		for _, sub := range past.submodules {
			if slices.ContainsFunc(r.after.files, func(f string) bool { return strings.HasPrefix(f, sub+"/") }) {
				fmt.Fprintf(a.err, "kesbridge: %sit reads files of the submodule %s, which %s has no files of: what was made from them looks new\n", name, sub, past.rev)
			}
		}
	}
}

// sameCluster compares destinations without their namespaces.
func sameCluster(a, b argocd.ApplicationDestination) bool {
	return a.Server == b.Server && a.Name == b.Name
}
