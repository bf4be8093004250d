package cli

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"kesbridge/internal/config"
	"kesbridge/internal/fleet"
	"kesbridge/internal/report"
)

// all checks every app, and those that they hold, on all cores; what is found
// doesn't depend on that. Apps of apps come first, since what they hold may
// render a directory that would be taken for an app of its own.
func (c *checking) all(ctx context.Context) error {
	var parents, others []fleet.Candidate
	for _, candidate := range c.fleet.Apps {
		if c.fleet.Parent(candidate) {
			parents = append(parents, candidate)
		} else {
			others = append(others, candidate)
		}
	}
	if err := c.rounds(ctx, parents); err != nil {
		return err
	}
	return c.rounds(ctx, others)
}

func (c *checking) rounds(ctx context.Context, apps []fleet.Candidate) error {
	round := c.jobs(apps, nil)
	for len(round) > 0 {
		c.done = append(c.done, round...)
		results, err := c.round(ctx, round)
		if err != nil {
			return err
		}
		var next []job
		for _, r := range results {
			var held []fleet.Candidate
			for _, s := range r.holds {
				more, skipped := c.fleet.Rendered(r.app.ID, s.Data, r.candidate)
				held = append(held, more...)
				c.fleet.Skipped = append(c.fleet.Skipped, skipped...)
			}
			next = append(next, c.jobs(held, r)...)
			r.holds = nil
			if r.unchanged {
				c.unchanged++
			} else {
				c.results = append(c.results, r)
			}
		}
		for i := range next {
			next[i].order = i
		}
		round = next
	}
	return nil
}

// jobs are the apps for each of their clusters.
func (c *checking) jobs(apps []fleet.Candidate, parent *checked) []job {
	var out []job
	for _, candidate := range apps {
		if c.fleet.Superseded(candidate) {
			continue
		}
		names := candidate.Clusters
		if len(names) == 0 {
			names = c.clustersOf(candidate)
		}
		for _, name := range names {
			if c.o.cluster != "" && name != "" && name != c.o.cluster {
				continue // it goes elsewhere
			}
			j := job{candidate: candidate, cluster: or(name, c.o.cluster), order: len(out), parent: parent}
			j.id = c.id(c.describe(j))
			out = append(out, j)
		}
	}
	return out
}

// clustersOf are the clusters of an app that no entry under apps gives some.
// A directory is for those that the nearest kesbridge.yaml knows: the ones whose
// names are in its path, else all.
func (c *checking) clustersOf(candidate fleet.Candidate) []string {
	if candidate.App != nil {
		return []string{destination(c.known, candidate.App.Spec.Destination)}
	}
	own, err := c.app.config(c.o, filepath.Join(c.checkout.Root, filepath.FromSlash(candidate.Dir)))
	if err != nil {
		return []string{""} // said where it is rendered
	}
	names := slices.Sorted(maps.Keys(config.JoinClusters(c.app.admin, own)))
	if len(names) == 0 {
		return []string{""}
	}
	parts := strings.Split(candidate.Dir, "/")
	for _, name := range names {
		if slices.Contains(parts, name) { // as fleet does for the repository's own
			return slices.DeleteFunc(names, func(n string) bool { return !slices.Contains(parts, n) })
		}
	}
	return names
}

// id makes an ID unique: each cluster's Argo CD may have Applications of the
// same names.
func (c *checking) id(app report.App) string {
	id := app.ID
	if c.ids[id] {
		id += " (" + or(app.Application.File, app.Path) + ")"
	}
	for n := 2; c.ids[id]; n++ {
		id = fmt.Sprintf("%s (%d)", app.ID, n)
	}
	c.ids[id] = true
	return id
}

func (c *checking) round(ctx context.Context, jobs []job) ([]*checked, error) {
	results := make([]*checked, len(jobs))
	count, done := c.app.count(c.doing, len(jobs))
	defer done()
	next := make(chan job)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range next {
				results[j.order] = c.each(ctx, j)
				count()
			}
		})
	}
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- j
	}
	close(next)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", c.command, err)
	}
	return results, nil
}
