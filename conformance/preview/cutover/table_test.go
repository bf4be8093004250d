package cutover

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
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

// ways are those of Secrets that KES serves; numbers are of the measurements
// that the design rests on.
var ways = []way{
	{"E1-background", false, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.remove("kes", "Background")
		s.settle()
	}, old("again eso", "lost")},
	{"E1-foreground", false, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.remove("kes", "Foreground")
		s.settle()
	}, old("again eso", "lost")},
	{"E1r-short-refresh", false, func(s *scene) {
		s.served()
		s.applyESO(m{"refreshInterval": "2s"})
		s.polls(2)
		s.remove("kes", "Background")
		s.settle()
		s.settle()
	}, old("again eso", "lost")},
	{"E2.1-both-applied", true, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(3)
	}, all("kept kes")},
	{"E2-stop-swap-touch-orphan", true, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.kes.Stop()
		s.own("eso")
		s.touch()
		s.adopted()
		s.remove("kes", "Orphan")
		s.gone("kes")
		s.kes.Start(s.settings())
		s.polls(2)
	}, all("kept eso")},
	{"E2b-owner-removed-no-touch", true, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.kes.Stop()
		s.own("none")
		s.settle()
	}, old("kept eso", "kept none")},
	{"E2b-owner-removed-touch", true, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.kes.Stop()
		s.own("none")
		s.touch()
		s.adopted()
	}, all("kept eso")},
	{"E2c-stop-orphan-no-touch", true, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.kes.Stop()
		s.remove("kes", "Orphan")
		s.gone("kes")
		s.settle()
	}, old("kept eso", "kept none")},
	{"E2c-stop-orphan-touch", true, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.kes.Stop()
		s.remove("kes", "Orphan")
		s.gone("kes")
		s.touch()
		s.adopted()
	}, all("kept eso")},
	{"E2d-swap-while-KES-runs", false, func(s *scene) {
		s.interval = 2 * interval
		s.served()
		s.applyESO(nil)
		s.polls(1)
		s.polled()
		s.own("eso")
		s.touch()
		s.adopted()
		s.polls(1) // KES takes it back
		if got := s.ready(); got != map[bool]string{true: "False", false: "True"}[s.release.name == v09] {
			s.t.Errorf("Ready of the ESO object that owns nothing: %s", got)
		}
		s.remove("kes", "Background")
		s.settle()
	}, old("again eso", "lost")},
	{"E2e-orphan-while-KES-runs", false, func(s *scene) {
		s.served()
		s.applyESO(nil)
		s.polls(2)
		s.remove("kes", "Orphan")
		s.settle()
	}, old("kept eso|again eso", "kept none|lost|again eso")},
	{"E3-scoped-away-swap-orphan", true, func(s *scene) {
		s.served()
		s.Namespace(s.ns + "-other")
		s.kes.Start(kes.Settings{Interval: s.interval, WatchedNamespaces: []string{s.ns + "-other"}})
		s.applyESO(nil)
		s.own("eso")
		s.touch()
		s.adopted()
		s.polls(2)
		s.remove("kes", "Orphan")
		s.gone("kes")
	}, all("kept eso")},
	{"E4a-way-back-KES-first", true, func(s *scene) {
		s.byESO()
		s.applyKES()
		s.kes.Start(s.settings())
		s.until("KES to take over", func() error { return s.live(kesAlone) })
		s.remove("eso", "Background")
		s.gone("eso")
		s.polls(2)
	}, all("kept kes")},
	{"E4b-way-back-orphaned-first", true, func(s *scene) {
		s.byESO()
		s.remove("eso", "Orphan")
		s.gone("eso")
		s.kes.Start(s.settings())
		s.applyKES()
		s.until("KES to take over", func() error { return s.live(kesAlone) })
		s.polls(1)
	}, all("kept kes")},
	{"E4d-way-back-ESO-gone-first", false, func(s *scene) {
		s.byESO()
		s.remove("eso", "Foreground")
		time.Sleep(2 * time.Second)
		s.kes.Start(s.settings())
		s.applyKES()
		s.settle()
	}, all("again kes")},
	{"E5-target-renamed", false, func(s *scene) {
		s.second()
		s.applyESO(m{"target": m{"name": "other", "creationPolicy": "Owner"}})
		s.settle()
	}, all("lost")},
	{"E5b-target-renamed-to-KES's", false, func(s *scene) {
		s.second()
		s.applyESO(m{"target": m{"name": "s", "creationPolicy": "Owner"}})
		s.settle()
	}, old("kept eso", "lost")},
	{"E5c-target-name-taken-out", false, func(s *scene) {
		s.secret = "x-eso"
		s.applyESO(m{"target": m{"name": "x-eso", "creationPolicy": "Owner"}})
		s.watched()
		s.applyESO(m{"target": m{"creationPolicy": "Owner"}})
		s.settle()
	}, old("kept eso", "lost")},
	{"E5d-Orphan-then-renamed", true, func(s *scene) {
		s.second()
		s.applyESO(m{"target": m{"name": "x-eso", "creationPolicy": "Orphan"}})
		s.settle()
		s.applyESO(m{"target": m{"name": "other", "creationPolicy": "Orphan"}})
		s.settle()
	}, old("kept eso", "kept none")},
	{"E6-ESO-object-deleted-background", false, func(s *scene) {
		s.byESO()
		s.remove("eso", "Background")
		s.settle()
	}, all("lost")},
	{"E6-ESO-object-deleted-foreground", false, func(s *scene) {
		s.byESO()
		s.remove("eso", "Foreground")
		s.settle()
	}, all("lost")},
	{"E6-Retain-deleted-background", false, func(s *scene) {
		s.byESO()
		s.applyESO(m{"target": m{"name": "s", "creationPolicy": "Owner", "deletionPolicy": "Retain"}})
		s.settle()
		s.remove("eso", "Background")
		s.settle()
	}, all("lost")},
	{"E6-ESO-object-orphaned", true, func(s *scene) {
		s.byESO()
		s.remove("eso", "Orphan")
		s.gone("eso")
		s.settle()
	}, all("kept none")},
	{"E6-Delete-orphaned", false, func(s *scene) {
		s.byESO()
		s.applyESO(m{"target": m{"name": "s", "creationPolicy": "Owner", "deletionPolicy": "Delete"}})
		s.settle()
		s.remove("eso", "Orphan")
		s.settle()
	}, map[string]string{v020: "lost|kept none", "": "kept none"}},
	{"E6-policy-Orphan-deleted", true, func(s *scene) {
		s.served()
		s.kes.Stop()
		s.own("none")
		s.applyESO(m{"target": m{"name": "s", "creationPolicy": "Orphan"}})
		s.settle()
		s.remove("eso", "Background")
		s.gone("eso")
		s.settle()
	}, all("kept none")},
	{"E7-Orphan-orphan-Owner", true, func(s *scene) {
		s.served()
		s.kes.Stop()
		s.applyESO(m{"target": m{"name": "s", "creationPolicy": "Orphan"}})
		s.settle()
		s.remove("kes", "Orphan")
		s.gone("kes")
		s.applyESO(nil)
		s.adopted()
	}, all("kept eso")},
	{"E7r-Orphan-beside-KES", false, func(s *scene) {
		s.served()
		s.applyESO(m{"refreshInterval": "3s", "target": m{"name": "s", "creationPolicy": "Orphan"}})
		s.polls(2)
		s.remove("kes", "Background")
		s.settle()
		s.settle()
	}, all("again none")},
	{"E7m-Merge-beside-KES", false, func(s *scene) {
		s.served()
		s.applyESO(m{"refreshInterval": "3s", "target": m{"name": "s", "creationPolicy": "Merge"}})
		s.polls(2)
		s.remove("kes", "Background")
		s.settle()
		s.settle()
	}, all("lost")},
	{"E9-owner-removed-delete-apply", true, func(s *scene) {
		s.served()
		s.own("none")
		s.polls(2)
		s.remove("kes", "Background")
		s.gone("kes")
		s.settle()
		s.applyESO(nil)
		s.adopted()
	}, all("kept eso")},
	{"E13-controllerId-swap-touch-background", true, func(s *scene) {
		s.served()
		s.stopByID()
		before := s.lastSync()
		s.applyESO(nil)
		s.own("eso")
		s.touch()
		s.adopted()
		s.polls(2)
		if s.lastSync() != before {
			s.t.Error("KES polled an object with a foreign controllerId")
		}
		s.remove("kes", "Background")
		s.gone("kes")
		s.settle()
	}, all("kept eso")},
	{"E13-controllerId-orphan-alone", true, func(s *scene) {
		s.served()
		s.stopByID()
		s.remove("kes", "Orphan")
		s.applyESO(nil)
		s.gone("kes")
		s.touch()
		s.adopted()
		s.polls(2)
	}, all("kept eso")},
	{"E13-controllerId-without-a-pause", false, func(s *scene) {
		s.interval = 2 * interval
		s.served()
		s.applyESO(nil)
		s.polls(1)
		s.polled()
		s.merge("kes", m{"spec": m{"controllerId": "nobody"}})
		s.own("eso")
		s.touch()
		s.adopted()
		s.polls(1) // the one poll that still comes
		s.remove("kes", "Background")
		s.settle()
	}, old("again eso", "lost")},
	{"keys-that-ESO-does-not-make", false, func(s *scene) {
		s.served()
		s.stopByID()
		s.applyESO(m{"data": []m{{"secretKey": "a", "remoteRef": m{"key": key(0)}}}})
		s.own("eso")
		s.touch()
		s.adopted()
		s.until("key b to be gone", func() error {
			return s.live(func(live cluster.Secret) error {
				if live.Data["b"] != "" {
					return errors.New("it is there")
				}
				return nil
			})
		})
		s.settle()
	}, all("kept eso, other data")},
	{"KES-back-after-the-hand-over", true, func(s *scene) {
		s.served()
		s.kes.Stop()
		s.applyESO(nil)
		s.own("eso")
		s.touch()
		s.adopted()
		s.kes.Start(s.settings())
		s.polls(2)
	}, all("kept kes")},
}

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
			for _, w := range ways {
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
