package cutover

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kesbridge/conformance/preview/cluster"
)

// way is an order of steps, with what it does to the Secret under each release.
// Where a race decides there is more than one outcome, with "|" between.
type way struct {
	name string
	safe bool // no DELETED, no read without the Secret, whatever the release
	run  func(s *scene)
	// want is by release; "" is any other.
	want map[string]string
}

const (
	v09  = "v0.9.20"
	v016 = "v0.16.2"
	v020 = "v0.20.4"
)

func all(want string) map[string]string { return map[string]string{"": want} }

// old is what v0.9.20 does, where releases from v0.11.0 on do something else.
func old(want, since string) map[string]string { return map[string]string{v09: want, "": since} }

// ways are all; numbers are of the measurements that the design rests on.
func ways() []way { return slices.Concat(toESO, ofESO) }

// byESO makes a Secret that ESO owns.
func (s *scene) byESO() {
	s.t.Helper()
	s.applyESO(nil)
	s.until("ESO's Secret", func() error { return s.live(esoAlone) })
	s.watched()
}

// second makes KES's Secret and ESO's beside it, which is the one that the
// scene is about.
func (s *scene) second() {
	s.t.Helper()
	s.applyKES()
	s.kes.Start(s.settings())
	s.secret = "x-eso"
	s.applyESO(m{"target": m{"name": "x-eso", "creationPolicy": "Owner"}})
	s.watched()
}

// TestWays tries each order of steps on each release: which lose the Secret,
// and which don't.
func TestWays(t *testing.T) {
	each(t, func(t *testing.T, l *lab) {
		t.Run("all", func(t *testing.T) { // returns when they all have
			for _, w := range ways() {
				t.Run(w.name, func(t *testing.T) {
					t.Parallel()
					l.try(t, w)
				})
			}
		})
		t.Run("ESO-stopped", l.stopped)
	})
}

// stopped: without ESO its object stays as long as it has a finalizer of ESO's
// (from v0.20.0 on), and goes before that. And what E1 lost for good is back
// once ESO starts again.
func (l *lab) stopped(t *testing.T) {
	s := l.scene(t, "e6f")
	s.byESO()
	l.eso.Stop()
	s.remove("eso", "Orphan")
	s.settle()
	err := s.Get(t.Context(), s.path("eso"), nil)
	if hangs := err == nil; hangs != (l.release.name == v020) {
		t.Errorf("the ESO object hangs while ESO is stopped: %t (%v)", hangs, err)
	}
	if err := l.eso.Start(); err != nil {
		t.Fatal(err)
	}
	s.gone("eso")
	if got, reads := s.outcome(); got != "kept none" || reads.missing > 0 {
		t.Errorf("%s; %s\n%s", got, reads, s.story())
	}
	path := cluster.Namespaced("v1", "e1-background", "secrets", "s")
	l.Until("the Secret that E1 lost, after a restart of ESO", cluster.Ready, func() error { return l.Get(t.Context(), path, nil) })
}

func (l *lab) try(t *testing.T, w way) {
	s := l.scene(t, strings.ToLower(strings.NewReplacer(".", "-", "'", "").Replace(w.name)))
	w.run(s)
	got, reads := s.outcome()
	want, ok := w.want[l.release.name]
	if !ok {
		want = w.want[""]
	}
	line := fmt.Sprintf("%s; %s; KES exits %d", got, reads, s.kes.Exits())
	t.Log(line)
	if !slices.Contains(strings.Split(want, "|"), got) {
		t.Errorf("%s, want %s\n%s", line, want, s.story())
	}
	if w.safe && (!strings.HasPrefix(got, "kept") || reads.missing+reads.differ+reads.failed > 0) {
		t.Errorf("a safe way: %s\n%s", line, s.story())
	}
	if got == "lost" && reads.missing == 0 {
		t.Errorf("the Secret is gone, and no reader has missed it: %s", line)
	}
}
