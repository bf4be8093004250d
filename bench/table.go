package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// row is one comparison.
type row struct {
	what, ours, peer, ratio, goal string
	met                           bool
}

type table []row

func (t *table) add(r ...row) { *t = append(*t, r...) }

func (t *table) missed() int {
	n := 0
	for _, r := range *t {
		if !r.met {
			n++
		}
	}
	return n
}

func (t *table) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "what\tours\tpeer\tratio\tgoal\tmet")
	for _, r := range *t {
		met := "yes"
		if !r.met {
			met = "NO"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", r.what, r.ours, r.peer, r.ratio, r.goal, met)
	}
	tw.Flush()
}
