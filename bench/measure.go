package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// job is a process between an input and a sink.
type job struct {
	argv []string
	// file is given as an argument; where piped, cat pipes it in instead.
	file  string
	piped bool
	// sink is where the output goes: a file's name, or "|" for a pipe that is
	// read and thrown away.
	sink string
	env  []string
	// watch looks at the process's own memory while it runs, which slows it.
	watch bool
}

// sample is what one run took.
type sample struct {
	wall time.Duration
	cpu  time.Duration // of the process, user and system
	rss  int64         // bytes, peak; never less than this process has itself
	own  int64         // bytes, peak of what no file is behind, if watched
	out  int64         // bytes printed, where they can be counted
}

func (j job) run(ctx context.Context) (s sample, err error) {
	argv := slices.Clone(j.argv)
	if !j.piped && j.file != "" {
		argv = append(argv, j.file)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), j.env...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	var after []func() error
	if j.piped {
		feeder := exec.CommandContext(ctx, "cat", j.file)
		r, w, err := os.Pipe()
		if err != nil {
			return s, err
		}
		feeder.Stdout, cmd.Stdin = w, r
		if err := feeder.Start(); err != nil {
			return s, err
		}
		w.Close()
		defer r.Close()
		after = append(after, feeder.Wait)
	}
	var drained chan int64
	if j.sink == "|" {
		r, w, err := os.Pipe()
		if err != nil {
			return s, err
		}
		cmd.Stdout = w
		drained = make(chan int64, 1)
		go func() {
			n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{r}, make([]byte, 256<<10))
			r.Close()
			drained <- n
		}()
		defer w.Close()
	} else {
		f, err := os.OpenFile(j.sink, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return s, err
		}
		defer f.Close()
		cmd.Stdout = f
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return s, err
	}
	if w, ok := cmd.Stdout.(*os.File); ok && drained != nil {
		w.Close()
	}
	if f, ok := cmd.Stdin.(*os.File); ok {
		f.Close()
	}
	var own <-chan int64
	if j.watch {
		own = watchOwn(cmd.Process.Pid)
	}
	err = cmd.Wait()
	if own != nil {
		s.own = <-own
	}
	if drained != nil {
		s.out = <-drained
	}
	s.wall = time.Since(start)
	for _, f := range after {
		if ferr := f(); err == nil {
			err = ferr
		}
	}
	if err != nil {
		return s, fmt.Errorf("%v: %w\n%s", argv, err, stderr.Bytes())
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	s.rss = cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	return s, nil
}

// watchOwn reads a process's anonymous memory until it is gone.
func watchOwn(pid int) <-chan int64 {
	done := make(chan int64, 1)
	go func() {
		var peak, kb int64
		for {
			data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			_, rest, ok := bytes.Cut(data, []byte("RssAnon:"))
			if err != nil || !ok { // ended
				done <- peak << 10
				return
			}
			if _, err := fmt.Sscan(string(rest), &kb); err == nil {
				peak = max(peak, kb)
			}
			time.Sleep(200 * time.Microsecond)
		}
	}()
	return done
}

// alternate runs both sides in turn, so that what else the machine does meets
// both, after one run of each that doesn't count.
func alternate(ctx context.Context, n int, ours, peer job) (a, b []sample, err error) {
	for i := range n + 1 {
		x, err := ours.run(ctx)
		if err != nil {
			return nil, nil, err
		}
		y, err := peer.run(ctx)
		if err != nil {
			return nil, nil, err
		}
		if i > 0 {
			a, b = append(a, x), append(b, y)
		}
	}
	return a, b, nil
}

// medians of the wall and of the processor times.
func medians(s []sample) (wall, cpu time.Duration) {
	var w, c []time.Duration
	for _, x := range s {
		w, c = append(w, x.wall), append(c, x.cpu)
	}
	slices.Sort(w)
	slices.Sort(c)
	return w[len(w)/2], c[len(c)/2]
}
