package fleet

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/survey"
)

// Evidence is what one place in Git says of ESO's version.
type Evidence struct {
	// Version is "X.Y"; empty for a range and for CRDs.
	Version string
	// Served are the versions that a CRD of ExternalSecret serves.
	Served []string
	Pos    manifest.Pos
	What   string
	// Everywhere: nothing tells the cluster, so it is said of each.
	Everywhere bool
}

// Contradicts says why another version than the one that is set, "X.Y", seems
// to be installed, or "". A CRD contradicts if it doesn't serve the
// version of ExternalSecret that is written for what is set.
func (e *Evidence) Contradicts(set string) string {
	switch {
	case set == "":
		return ""
	case e.Version != "" && e.Version != set:
		return fmt.Sprintf("%s, and esoVersion is %s", e.What, set)
	case len(e.Served) > 0 && writes(set) != "" && !slices.Contains(e.Served, writes(set)):
		return fmt.Sprintf("%s, and esoVersion %s needs %s", e.What, set, writes(set))
	}
	return ""
}

// writes is the API version that is written for an ESO version.
func writes(version string) string {
	p, err := eso.ProfileFor(version)
	if err != nil {
		return "" // said where it is set
	}
	return strings.TrimPrefix(p.APIVersion(), eso.Group+"/")
}

// ESOVersions is the evidence for a cluster of kesbridge.yaml, "" for any: that
// of Applications which go there, of directories which they bring there, and of
// what no Application brings anywhere.
func (f *Fleet) ESOVersions(cluster string) []Evidence {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Evidence
	for _, v := range f.evidence.Versions() {
		goes := v.Destinations()
		for i := range f.apps {
			app := &f.apps[i]
			for _, s := range app.Sources() {
				if s.Path != "" && path.Clean(s.Path) != "." && below(v.Place.File, path.Clean(s.Path)) {
					d := app.Spec.Destination
					goes = append(goes, survey.Cluster{Name: d.Name, Server: d.Server})
				}
			}
		}
		if len(goes) > 0 && cluster != "" && !slices.ContainsFunc(goes, func(c survey.Cluster) bool { return f.isCluster(cluster, c) }) {
			continue
		}
		out = append(out, Evidence{
			Version: v.Version, Served: v.Served, What: strings.TrimSpace(v.Place.What),
			Pos: manifest.Pos{File: v.Place.File, Line: v.Place.Line}, Everywhere: len(goes) == 0,
		})
	}
	return out
}

func (f *Fleet) isCluster(name string, c survey.Cluster) bool {
	known, ok := f.options.Argo.Cluster(argocd.ApplicationDestination{Name: c.Name, Server: c.Server})
	return ok && known.Name == name
}

// facts takes note of what decides beside the applications.
func (f *Fleet) facts() {
	for _, name := range slices.Sorted(maps.Keys(f.tree.closed)) {
		f.skip(Skip{Pos: manifest.Pos{File: name}, Reason: "the directory can't be read: " + f.tree.closed[name]})
	}
	for _, t := range f.tree.files {
		if t.err != nil {
			f.skip(Skip{Pos: manifest.Pos{File: t.name}, Reason: "it can't be read: " + reasonOf(t.err)})
		}
		if dir := path.Dir(t.name); t.data == nil || f.tree.inChart(t.name) || f.vendored(dir) || f.testdata(dir) != nil {
			continue
		}
		for _, doc := range t.documents() {
			f.policy(t.name, doc, manifest.Pos{})
		}
		if strings.Contains(string(t.data), "external-secrets") {
			// A file that can't be read says nothing of a version; where it
			// matters else it is named there.
			_ = f.evidence.Add(t.name, t.data)
		}
	}
}

// reasonOf leaves the name of the file out, which is said already.
func reasonOf(err error) string {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
