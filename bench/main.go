// Command bench measures kesbridge against its goals: convert against cat,
// convert's memory, and render against the same libraries called bare. It
// builds what it runs, alternates ours and the peer, and prints a table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

// settings are the flags.
type settings struct {
	size   int64 // bytes of the stream that cat competes on
	big    int64 // bytes of the stream whose memory is looked at
	runs   int   // of each side for streams
	rounds int   // of each side for rendering
	apps   int   // of the repository to check
	only   string
	dir    string // of this run's files
	root   string // of the product's module
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		stop()
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	s := settings{root: ".."}
	size := flag.Int64("size", 512, "`MB` of the stream without KES")
	big := flag.Int64("big", 1024, "`MB` of the stream with KES")
	flag.IntVar(&s.runs, "runs", 7, "`N` runs of each side on streams")
	flag.IntVar(&s.rounds, "rounds", 51, "`N` runs of each side for rendering")
	flag.IntVar(&s.apps, "apps", 1000, "`N` applications of the repository to check")
	flag.StringVar(&s.only, "only", "", "`PARTS` to run, of cat,memory,render,process,verify,check (default all)")
	dir := flag.String("dir", "", "`DIRECTORY` for the streams and the spool (default: the system's for temporary files)")
	flag.Parse()
	s.size, s.big = *size<<20, *big<<20
	if _, err := os.Stat(filepath.Join(s.root, "cmd", "kesbridge")); err != nil {
		return fmt.Errorf("run this in the directory bench: %w", err)
	}
	var err error
	if s.dir, err = os.MkdirTemp(*dir, "kesbridge-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.dir)
	b, err := build(ctx, s)
	if err != nil {
		return err
	}
	var t table
	for _, part := range []struct {
		name string
		run  func(context.Context, settings, binaries, *table) error
	}{{"cat", benchCat}, {"memory", benchMemory}, {"render", benchRender}, {"process", benchProcess}, {"verify", benchVerify}, {"check", benchCheck}} {
		if s.only != "" && !strings.Contains(","+s.only+",", ","+part.name+",") {
			continue
		}
		if err := part.run(ctx, s, b, &t); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	t.print(os.Stdout)
	if n := t.missed(); n > 0 {
		return fmt.Errorf("%d goals missed", n)
	}
	return nil
}
