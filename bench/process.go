package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The commands that kesbridge stands in for, in the versions of its libraries.
const (
	helmCommand      = "helm.sh/helm/v4/cmd/helm@v4.2.4"
	kustomizeCommand = "sigs.k8s.io/kustomize/kustomize/v5@v5.8.1"
)

const goalStart = 15 * time.Millisecond

// benchProcess compares whole processes: render with `kustomize build` and
// `helm template` on the same applications, and the start alone with a limit.
func benchProcess(ctx context.Context, s settings, b binaries, t *table) error {
	tools, err := installTools(ctx, s)
	if err != nil {
		return err
	}
	kustomization, chart := filepath.Join(s.dir, "kustomization"), filepath.Join(s.dir, "chart")
	if err := writeKustomization(kustomization); err != nil {
		return err
	}
	if err := writeChart(chart); err != nil {
		return err
	}
	helm := []string{filepath.Join(tools, "helm"), "template", "x"}
	kustomize := []string{filepath.Join(tools, "kustomize"), "build"}
	shop := filepath.Join(s.root, "examples", "shop")
	for _, c := range []struct {
		what, dir string
		peer      []string
	}{
		{"examples/shop/overlays/production", filepath.Join(shop, "overlays", "production"), kustomize},
		{"kustomization, 300 objects", kustomization, kustomize},
		{"examples/shop/chart", filepath.Join(shop, "chart"), helm},
		{"chart, 300 objects", chart, helm},
	} {
		ours := job{argv: []string{b.kesbridge, "render", "-q", c.dir}, sink: "|"}
		peer := job{argv: append(c.peer[:len(c.peer):len(c.peer)], c.dir), sink: "|"}
		x, y, err := alternate(ctx, s.rounds, ours, peer)
		if err != nil {
			return err
		}
		t.add(beside(c.what, filepath.Base(c.peer[0]), x, y)...)
		ours.watch, peer.watch = true, true
		if x, y, err = alternate(ctx, s.runs, ours, peer); err != nil {
			return err
		}
		t.add(besideOwn(c.what, filepath.Base(c.peer[0]), x, y))
	}
	return benchStart(ctx, s, b, t)
}

// installTools builds the commands and gives their directory.
func installTools(ctx context.Context, s settings) (string, error) {
	tools := filepath.Join(s.dir, "tools")
	for _, pkg := range []string{helmCommand, kustomizeCommand} {
		cmd := exec.CommandContext(ctx, "go", "install", "-trimpath", "-ldflags", "-s -w", pkg)
		cmd.Dir, cmd.Stderr = s.dir, os.Stderr
		cmd.Env = append(os.Environ(), "GOBIN="+tools, "GOWORK=off", "CGO_ENABLED=0")
		if err := cmd.Run(); err != nil {
			return "", fmt.Errorf("build %s: %w", pkg, err)
		}
	}
	return tools, nil
}

// beside makes the rows of time and memory.
func beside(what, tool string, x, y []sample) []row {
	mx, cx := medians(x)
	my, cy := medians(y)
	rx, ry := peak(x), peak(y)
	return []row{
		{
			what: "process, " + what + ": time of " + tool,
			ours: fmt.Sprintf("%.1f ms (cpu %.1f)", ms(mx), ms(cx)), peer: fmt.Sprintf("%.1f ms (cpu %.1f)", ms(my), ms(cy)),
			ratio: fmt.Sprintf("%.3f (cpu %.3f)", mx.Seconds()/my.Seconds(), cx.Seconds()/cy.Seconds()),
			goal:  "< 1", met: mx < my,
		},
		{
			what: "process, " + what + ": peak memory of " + tool,
			ours: fmt.Sprintf("%d MiB", rx>>20), peer: fmt.Sprintf("%d MiB", ry>>20),
			ratio: fmt.Sprintf("%.3f", float64(rx)/float64(ry)),
			goal:  "<= 1", met: rx <= ry,
		},
	}
}

// besideOwn makes the row of what the processes need for themselves. The rest of
// their peaks is the program's file, whose pages all processes share; how
// many of them count depends on how the kernel happens to hold the file: the
// same program counted for 33 and for 62 MiB.
func besideOwn(what, tool string, x, y []sample) row {
	var ours, peer int64
	for i := range x {
		ours, peer = max(ours, x[i].own), max(peer, y[i].own)
	}
	return row{
		what: "process, " + what + ": own memory of " + tool,
		ours: fmt.Sprintf("%d MiB", ours>>20), peer: fmt.Sprintf("%d MiB", peer>>20),
		ratio: fmt.Sprintf("%.3f", float64(ours)/float64(peer)), goal: "-", met: true,
	}
}

func peak(s []sample) int64 {
	var p int64
	for _, x := range s {
		p = max(p, x.rss)
	}
	return p
}

// benchStart measures `kesbridge version`, which does nothing but start.
func benchStart(ctx context.Context, s settings, b binaries, t *table) error {
	j := job{argv: []string{b.kesbridge, "version"}, sink: "|"}
	x, _, err := alternate(ctx, s.rounds, j, j)
	if err != nil {
		return err
	}
	m, c := medians(x)
	t.add(row{
		what: "start: kesbridge version", ours: fmt.Sprintf("%.1f ms (cpu %.1f)", ms(m), ms(c)), peer: "-",
		ratio: "-", goal: fmt.Sprintf("< %d ms", goalStart.Milliseconds()), met: m < goalStart,
	})
	return nil
}
