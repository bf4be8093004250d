package cutover

import (
	"errors"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
)

// toESO are ways of Secrets that KES serves.
var toESO = []way{
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
