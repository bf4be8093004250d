package rewrite

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
)

const hydratorReason = "the source hydrator renders it, and its sync source, the branch with the output, takes no plugin (the dry source does from Argo CD 3.3 on, which was not tried)"

func refReason(ref string) string {
	return "it has files of another source ($" + ref + "), and no plugin gets other sources"
}

func imageUpdaterReason(key string) string {
	return "Image Updater looks after it (" + key + "): it writes native options, which Argo CD refuses beside a plugin block, or passes over apps with a plugin, as its version may be"
}

func pluginReason(name string) string {
	return fmt.Sprintf("another plugin renders it (%q), and a source has one", name)
}

// Blocked says why an Application can't have kesbridge's plugin, or "". These
// are the refusals of Enable that no other way of writing the Application
// would change; .argocd-source files are left to SourceFiles.
func Blocked(app *argocd.Application) string {
	if app.Spec.SourceHydrator != nil {
		return hydratorReason
	}
	for _, key := range slices.Sorted(maps.Keys(app.Metadata.Annotations)) {
		if strings.HasPrefix(key, imageUpdater) {
			return imageUpdaterReason(key)
		}
	}
	for _, s := range app.Sources() {
		switch {
		case s.Ref != "" && app.MultiSource():
			return refReason(s.Ref)
		case s.Plugin != nil && !argocd.IsPlugin(s.Plugin):
			return pluginReason(s.Plugin.Name)
		}
	}
	return ""
}
