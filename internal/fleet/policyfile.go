package fleet

import "slices"

// PolicyFiles are the files that say what Argo CD may sync for a project:
// those of the AppProject and of Argo CD's resource filters and tracking. What
// Forbidden, Excluded and Tracking say depends on them.
func (f *Fleet) PolicyFiles(project string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, p := range f.projects[project] {
		out = append(out, p.pos.File)
	}
	for i := range f.filters {
		out = append(out, f.filters[i].pos.File)
	}
	for i := range f.tracking {
		out = append(out, f.tracking[i].pos.File)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
