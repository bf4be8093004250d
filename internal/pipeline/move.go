package pipeline

import (
	"strconv"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/manifest"
)

// move is a Secret whose readers are to read another one.
type move struct {
	pos       manifest.Pos
	ref       manifest.Ref
	mode      string
	to        string
	workloads *config.Selector
	// followed read the second Secret, stayed the first one. hooks are those that
	// run before the sync, fixed those that can't be changed.
	followed, stayed, restarts, hooks, fixed []cutover.Reader
	// already: something names the second Secret by itself.
	already bool
	// wave is the least of the readers' sync waves, if waved.
	wave  int
	waved bool
}

// labelsOf are those of an object.
func labelsOf(value map[string]any) map[string]string {
	return textsIn(value, "labels")
}

func textsIn(value map[string]any, key string) map[string]string {
	out := map[string]string{}
	meta, _ := value["metadata"].(map[string]any)
	m, _ := meta[key].(map[string]any)
	for k, v := range m {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// selected reports whether a reader follows its Secret.
func (m *move) selected(value map[string]any) bool {
	return m.mode == config.Switched || m.workloads.Holds(labelsOf(value))
}

// note keeps a reader.
func (m *move) note(obj *manifest.Object, value map[string]any, t target) {
	r := cutover.Reader{Ref: obj.Ref, Path: t.Field}
	if !m.selected(value) {
		m.stayed = append(m.stayed, r)
		return
	}
	m.followed = append(m.followed, r)
	notes := textsIn(value, "annotations")
	when, hook := phaseOf(notes)
	switch {
	case when == beforeSync:
		m.hooks = append(m.hooks, r)
	case when == duringSync:
		if w := waveOf(notes); !m.waved || w < m.wave {
			m.wave, m.waved = w, true
		}
	}
	switch {
	case t.Restarts:
		m.restarts = append(m.restarts, r)
	case t.Fixed && !hook && !(obj.Ref.Name == "" || strings.Contains(notes[cutover.SyncOptions], "Replace=true")):
		m.fixed = append(m.fixed, r)
	}
}

// before gives an ESO object a sync wave before those of its readers, unless it
// has an earlier one.
func (m *move) before(annotations *manifest.Map) (set bool) {
	if m == nil || !m.waved || Wave(*annotations) < m.wave {
		return false
	}
	annotations.Set(syncWave, strconv.Itoa(m.wave-1))
	return true
}

func (m *move) readers() []cutover.Reader {
	if m == nil {
		return nil
	}
	return m.followed
}

func (m *move) others() []cutover.Reader {
	if m == nil {
		return nil
	}
	return m.stayed
}
