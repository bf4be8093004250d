package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const goalVerify = 10 * time.Second

// writeSecrets writes n KES resources of the mix in testdata/verify.
func writeSecrets(file, mix string, n int) error {
	b, err := os.ReadFile(mix)
	if err != nil {
		return err
	}
	text := string(b)
	per := strings.Count(text, "\nkind: ExternalSecret\n")
	var all strings.Builder
	for i := range n / per {
		all.WriteString("---\n" + strings.ReplaceAll(text, "nnn", fmt.Sprint(i)))
	}
	return os.WriteFile(file, []byte(all.String()), 0o600)
}

// benchVerify proves 1,000 secrets on one and on two processors, three times each:
// what is printed must be the same bytes in all runs.
func benchVerify(ctx context.Context, s settings, b binaries, t *table) error {
	in := filepath.Join(s.dir, "secrets.yaml")
	if err := writeSecrets(in, filepath.Join(s.root, "testdata", "verify", "secrets.yaml"), 1000); err != nil {
		return err
	}
	var first []byte
	for _, procs := range []string{"1", "2"} {
		var worst sample
		for range 3 {
			out := filepath.Join(s.dir, "verified")
			j := job{argv: []string{b.kesbridge, "verify", "-q", "--store", "shop"}, file: in, sink: out, env: []string{"GOMAXPROCS=" + procs}}
			x, err := j.run(ctx)
			if err != nil {
				return err
			}
			got, err := os.ReadFile(out)
			if err != nil {
				return err
			}
			if first == nil {
				first = got
			}
			if lines := bytes.Count(got, []byte("\n")); lines != 1000 || !bytes.Equal(got, first) {
				return fmt.Errorf("verify with GOMAXPROCS=%s: %d lines, or not those of the first run", procs, lines)
			}
			worst.wall, worst.cpu, worst.rss = max(worst.wall, x.wall), max(worst.cpu, x.cpu), max(worst.rss, x.rss)
		}
		t.add(row{
			what: "verify, 1,000 secrets, GOMAXPROCS=" + procs + ": worst of three runs, the same bytes in all",
			ours: fmt.Sprintf("%.1f s (cpu %.1f), %d MiB", worst.wall.Seconds(), worst.cpu.Seconds(), worst.rss>>20), peer: "-",
			ratio: "-", goal: fmt.Sprintf("<= %.0f s on two", goalVerify.Seconds()), met: procs == "1" || worst.wall <= goalVerify,
		})
	}
	return nil
}
