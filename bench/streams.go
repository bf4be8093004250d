package main

import (
	"context"
	"fmt"
	"path/filepath"
)

const (
	goalSpeed  = 0.5
	goalMemory = 64 << 20
)

// benchCat compares convert on a stream without KES with cat.
func benchCat(ctx context.Context, s settings, b binaries, t *table) error {
	in := filepath.Join(s.dir, "plain.yaml")
	if err := writeStream(in, s.size, false); err != nil {
		return err
	}
	for _, c := range []struct {
		what  string
		piped bool
		sink  string
	}{
		{"file to pipe", false, "|"},
		{"file to file", false, filepath.Join(s.dir, "sink")},
		{"pipe to pipe", true, "|"},
		{"pipe to file", true, filepath.Join(s.dir, "sink")},
	} {
		ours := job{argv: []string{b.kesbridge, "convert"}, file: in, piped: c.piped, sink: c.sink, env: []string{"TMPDIR=" + s.dir}}
		peer := job{argv: []string{"cat"}, file: in, piped: c.piped, sink: c.sink}
		x, y, err := alternate(ctx, s.runs, ours, peer)
		if err != nil {
			return err
		}
		if x[0].out != y[0].out {
			return fmt.Errorf("%s: %d bytes came out, of %d", c.what, x[0].out, y[0].out)
		}
		mx, cx := medians(x)
		my, cy := medians(y)
		speed := my.Seconds() / mx.Seconds()
		mbs := func(sec, cpu float64) string {
			return fmt.Sprintf("%.0f MB/s (cpu %.0f ms)", float64(s.size)/1e6/sec, cpu*1e3)
		}
		t.add(row{
			what: fmt.Sprintf("convert, %d MB without KES, %s: speed of cat", s.size>>20, c.what),
			ours: mbs(mx.Seconds(), cx.Seconds()), peer: mbs(my.Seconds(), cy.Seconds()),
			ratio: fmt.Sprintf("%.2f", speed), goal: fmt.Sprintf(">= %.2f", goalSpeed), met: speed >= goalSpeed,
		})
	}
	return nil
}

// benchMemory looks at the peak of resident memory.
func benchMemory(ctx context.Context, s settings, b binaries, t *table) error {
	in := filepath.Join(s.dir, "kes.yaml")
	if err := writeStream(in, s.big, true); err != nil {
		return err
	}
	for _, piped := range []bool{false, true} {
		j := job{argv: []string{b.kesbridge, "convert", "--store", "aws-shop"}, file: in, piped: piped, sink: "/dev/null", env: []string{"TMPDIR=" + s.dir}}
		var worst sample
		for range 3 {
			x, err := j.run(ctx)
			if err != nil {
				return err
			}
			if x.rss > worst.rss {
				worst = x
			}
		}
		from := "file"
		if piped {
			from = "pipe"
		}
		t.add(row{
			what: fmt.Sprintf("convert, %d MB with 1 %% KES, from a %s: peak memory", s.big>>20, from),
			ours: fmt.Sprintf("%.1f MB", float64(worst.rss)/(1<<20)), peer: "-",
			ratio: fmt.Sprintf("%.1f s", worst.wall.Seconds()), goal: fmt.Sprintf("<= %d MB", goalMemory>>20), met: worst.rss <= goalMemory,
		})
	}
	return nil
}
