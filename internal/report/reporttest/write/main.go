// Command write puts reports of every format into a directory: sample.FORMAT
// and, of a thousand apps, many.FORMAT.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"kesbridge/internal/report"
	"kesbridge/internal/report/reporttest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: write DIR")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(dir string) error {
	for name, r := range map[string]*report.Report{"sample": reporttest.Sample(), "many": reporttest.Many(1000)} {
		for _, format := range report.Formats() {
			f, err := os.Create(filepath.Join(dir, name+"."+format))
			if err != nil {
				return err
			}
			if err := report.Write(format, f, r, report.Options{}); err != nil {
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
		}
	}
	return nil
}
