package pipeline

import (
	"strconv"

	"kesbridge/internal/manifest"
)

// syncWave orders what Argo CD applies (gitops-engine, pkg/sync/syncwaves).
const syncWave = "argocd.argoproj.io/sync-wave"

// Wave is an object's sync wave: 0 where there is none, or no number, as
// gitops-engine reads it.
func Wave(annotations manifest.Map) int {
	text, _ := annotations.Get(syncWave).(string)
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}
