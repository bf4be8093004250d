package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	goalCheck       = 10
	goalCheckMemory = 500 << 20
	checkRuns       = 3 // of each side, in turn
)

// benchCheck compares `kesbridge check` on a repository with what CI does
// without it: `kustomize build` or `helm template` for each application, one
// process after the other.
func benchCheck(ctx context.Context, s settings, b binaries, t *table) error {
	tools, err := installTools(ctx, s)
	if err != nil {
		return err
	}
	root := filepath.Join(s.dir, "fleet")
	apps, err := writeFleet(root, s.apps)
	if err != nil {
		return err
	}
	report := filepath.Join(s.dir, "check.json")
	ours := job{argv: []string{b.kesbridge, "check", "-q", "--fail-on", "error", "--report", "json=" + report, root}, sink: "|"}
	var worst, peer sample
	var x, y []sample
	for range checkRuns {
		one, err := ours.run(ctx)
		if err != nil {
			return err
		}
		if err := sawFleet(report, apps); err != nil {
			return err
		}
		two, err := buildEach(ctx, tools, root, apps)
		if err != nil {
			return err
		}
		x, y = append(x, one), append(y, two)
		worst.rss, peer.rss = max(worst.rss, one.rss), max(peer.rss, two.rss)
	}
	mx, cx := medians(x)
	my, cy := medians(y)
	ratio := my.Seconds() / mx.Seconds()
	what := fmt.Sprintf("check, %d applications", len(apps))
	t.add(row{
		what: what + ": speed of a loop of kustomize build and helm template",
		ours: fmt.Sprintf("%.1f s (cpu %.1f)", mx.Seconds(), cx.Seconds()), peer: fmt.Sprintf("%.1f s (cpu %.1f)", my.Seconds(), cy.Seconds()),
		ratio: fmt.Sprintf("%.2f (cpu %.2f)", ratio, cy.Seconds()/cx.Seconds()), goal: fmt.Sprintf(">= %d", goalCheck), met: ratio >= goalCheck,
	}, row{
		what: what + ": peak memory, worst of all runs",
		ours: fmt.Sprintf("%d MiB", worst.rss>>20), peer: fmt.Sprintf("%d MiB each", peer.rss>>20),
		ratio: "-", goal: fmt.Sprintf("< %d MiB", goalCheckMemory>>20), met: worst.rss < goalCheckMemory,
	})
	return nil
}

// buildEach runs the tools as a shell's loop would.
func buildEach(ctx context.Context, tools, root string, apps []fleetApp) (sum sample, err error) {
	start := time.Now()
	for _, app := range apps {
		j := job{argv: []string{filepath.Join(tools, "kustomize"), "build"}, file: filepath.Join(root, app.dir), sink: "/dev/null"}
		if app.helm {
			j.argv = []string{filepath.Join(tools, "helm"), "template", "x", "--include-crds"}
		}
		one, err := j.run(ctx)
		if err != nil {
			return sum, err
		}
		sum.cpu += one.cpu
		sum.rss = max(sum.rss, one.rss)
	}
	sum.wall = time.Since(start)
	return sum, nil
}

// sawFleet fails unless check rendered every application and converted every
// KES resource.
func sawFleet(report string, apps []fleetApp) error {
	data, err := os.ReadFile(report)
	if err != nil {
		return err
	}
	var got struct {
		Apps []struct {
			Path           string
			State          string
			KES, Converted int
		}
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&got); err != nil {
		return err
	}
	want := map[string]int{}
	for _, app := range apps {
		want[filepath.ToSlash(app.dir)] = app.kes
	}
	if len(got.Apps) != len(apps) {
		return fmt.Errorf("check reports %d applications, there are %d", len(got.Apps), len(apps))
	}
	for _, app := range got.Apps {
		if n, ok := want[app.Path]; !ok || app.KES != n || app.Converted != n || app.State == "broken" || app.State == "skipped" {
			return fmt.Errorf("check reports %+v, there are %d KES resources", app, n)
		}
	}
	return nil
}
