package pipeline

import (
	"strconv"
	"strings"

	"kesbridge/internal/manifest"
)

// syncWave orders what Argo CD applies (gitops-engine, pkg/sync/syncwaves).
const syncWave = "argocd.argoproj.io/sync-wave"

// Wave is an object's sync wave: 0 where there is none, or no number, as
// gitops-engine reads it.
func Wave(annotations manifest.Map) int { return waveOf(notesOf(annotations)) }

// notesOf are annotations as texts.
func notesOf(annotations manifest.Map) map[string]string {
	out := map[string]string{}
	for _, f := range annotations {
		if s, ok := f.Value.(string); ok {
			out[f.Key] = s
		}
	}
	return out
}

// phase is when Argo CD applies an object.
type phase int

const (
	duringSync phase = iota
	beforeSync
	afterSync
)

// phaseOf reads an object's hooks (gitops-engine, pkg/sync/hook and hook/helm:
// Argo CD's own annotation wins over Helm's).
func phaseOf(notes map[string]string) (p phase, hook bool) {
	list, argo := notes["argocd.argoproj.io/hook"]
	if !argo {
		list = notes["helm.sh/hook"]
	}
	if strings.TrimSpace(list) == "" {
		return duringSync, false
	}
	p = afterSync
	for h := range strings.SplitSeq(list, ",") {
		switch strings.TrimSpace(h) {
		case "PreSync", "pre-install", "pre-upgrade":
			return beforeSync, true
		case "Sync", "crd-install":
			p = duringSync
		}
	}
	return p, true
}

// waveOf is an object's sync wave; of a Helm hook its weight (gitops-engine,
// pkg/sync/syncwaves/waves.go).
func waveOf(notes map[string]string) int {
	for _, key := range []string{syncWave, "helm.sh/hook-weight"} {
		if text, ok := notes[key]; ok {
			if n, err := strconv.Atoi(text); err == nil {
				return n
			}
		}
	}
	return 0
}
