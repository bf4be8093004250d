package cutover

import "time"

// ofESO are ways of Secrets that ESO makes: back to KES, to another name, and
// without either.
var ofESO = []way{
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
}
