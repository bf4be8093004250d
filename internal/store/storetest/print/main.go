// Command print writes the stores of package storetest for the tests against
// a real API server, which are another module: one line of JSON for each.
package main

import (
	"bufio"
	"fmt"
	"os"

	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
	"kesbridge/internal/store/storetest"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	for _, version := range storetest.Versions {
		p, err := eso.ProfileFor(version)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		write(out, version, p)
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(out *bufio.Writer, version string, p eso.Profile) {
	for _, c := range storetest.Cases() {
		for _, s := range storetest.Scopes() {
			if g := store.Generate(c.Request(s, p)); g.Object != nil {
				line := manifest.Map{
					{Key: "eso", Value: version}, {Key: "case", Value: c.Name}, {Key: "backend", Value: c.Need.Backend}, {Key: "scope", Value: s.Name},
					{Key: "kind", Value: s.Kind}, {Key: "namespace", Value: s.Namespace}, {Key: "yaml", Value: string(manifest.PrintYAML(g.Object))},
					{Key: "json", Value: string(manifest.PrintJSON(g.Object, ""))},
				}
				out.Write(manifest.PrintJSON(line, ""))
				out.WriteByte('\n')
			}
		}
	}
}
