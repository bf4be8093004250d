package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"kesbridge/internal/fleet"
	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/internal/rule"
)

// conclude makes the report.
func (c *checking) conclude() (*report.Report, error) {
	for _, r := range c.results {
		if r.run != nil {
			c.run.Absorb(r.run)
		}
	}
	if err := c.finishGoldens(); err != nil {
		return nil, err
	}
	c.notChecked()
	c.versions()
	c.sayControllers()
	c.sayAccess()
	for _, note := range slices.Sorted(maps.Keys(c.notes)) {
		f := rule.Invalid.At(manifest.Pos{}, manifest.Ref{}, "%s", note)
		f.Severity, f.Fix = manifest.Info, "nothing to do: what changed in between is told by the release notes of ESO"
		c.findings = append(c.findings, f)
	}
	all, _ := c.run.Finish()
	c.findings = append(c.findings, all...)
	c.relative(c.findings)
	c.findings.Sort()
	rep := &report.Report{Version: strings.TrimPrefix(shortVersion(), "kesbridge ")}
	for _, r := range c.results {
		c.relative(r.findings)
		r.app.Reason = strings.ReplaceAll(r.app.Reason, c.checkout.Root+string(filepath.Separator), "")
		r.findings.Sort()
		for _, f := range r.findings {
			r.app.Findings = append(r.app.Findings, report.Finding{Finding: f})
		}
		rep.Add(r.app)
	}
	rep.AddFindings(c.findings...)
	rep.Settle()
	return rep, nil
}

// relative takes the place on this machine out of findings.
func (c *checking) relative(fs manifest.Findings) {
	root := c.checkout.Root + string(filepath.Separator)
	for i := range fs {
		f := &fs[i]
		if rest, ok := strings.CutPrefix(f.Pos.File, root); ok {
			f.Pos.File = filepath.ToSlash(rest)
		}
		f.Message = strings.ReplaceAll(f.Message, root, "")
	}
}

// notChecked names what was left out, and why.
func (c *checking) notChecked() {
	for _, s := range c.fleet.Skipped {
		f := rule.NotChecked.At(s.Pos, s.Ref, "%s", s.Reason)
		if s.App == nil || slices.ContainsFunc(c.results, func(r *checked) bool {
			return r.app.Name == s.App.Metadata.Name && r.app.Application.File == s.Pos.File
		}) {
			c.findings = append(c.findings, f)
			continue
		}
		r := &checked{app: c.describe(job{candidate: fleet.Candidate{App: s.App, From: s.Pos}}), findings: manifest.Findings{f}}
		r.app.State, r.app.Reason = report.Skipped, s.Reason
		r.app.ID = c.id(r.app)
		c.golden.keep(r.app.ID)
		c.results = append(c.results, r)
	}
}

// versions compares what Git says of ESO's version with what is set.
func (c *checking) versions() {
	set := map[string]string{}
	for _, r := range c.results {
		if r.app.KES > 0 && r.esoVersion != "" {
			set[r.app.Cluster] = r.esoVersion
		}
	}
	for _, cluster := range slices.Sorted(maps.Keys(set)) {
		for _, e := range c.fleet.ESOVersions(cluster) {
			why := e.Contradicts(set[cluster])
			if why == "" {
				continue
			}
			if cluster != "" {
				why += " for cluster " + cluster
			}
			c.findings = append(c.findings, rule.VersionEvidence.At(e.Pos, manifest.Ref{}, "%s", why))
		}
	}
}

// write prints the report and sets the exit code.
func (c *checking) write(rep *report.Report, targets []target) error {
	o, a := c.o, c.app
	opts := report.Options{
		Colour: a.colourful(), FailOn: o.failOn,
		Verbose: o.verbose, Quiet: o.quiet, Width: width(a.out),
	}
	printed := false
	for _, t := range targets {
		if t.path == "-" {
			printed = true
			if err := report.Write(t.format, a.out, rep, opts); err != nil {
				return writeError(err)
			}
			continue
		}
		var b bytes.Buffer
		if err := report.Write(t.format, &b, rep, opts); err != nil {
			return err
		}
		if err := writeReport(t.path, b.Bytes()); err != nil {
			return err
		}
	}
	if !printed {
		if err := report.Write(c.flags.output, a.out, rep, opts); err != nil {
			return writeError(err)
		}
	}
	if c.unchanged > 0 && !o.quiet {
		fmt.Fprintf(a.err, "kesbridge: %s left out: nothing that they read differs from %s\n", plural(c.unchanged, "app"), c.flags.changedSince)
	}
	if c.golden != nil && c.golden.written > 0 && !o.quiet {
		fmt.Fprintf(a.err, "kesbridge: %s written below %s\n", plural(c.golden.written, "file"), c.flags.golden)
	}
	if worst(rep) >= o.failOn {
		a.code = exitFindings
	}
	return c.since.save(a)
}

// worst is the highest severity that nobody waived.
func worst(rep *report.Report) manifest.Severity {
	w := manifest.Severity(0)
	see := func(fs []report.Finding) {
		for _, f := range fs {
			if f.Waived == "" {
				w = max(w, f.Severity)
			}
		}
	}
	see(rep.Findings)
	for _, app := range rep.Apps {
		see(app.Findings)
	}
	return w
}

// writeReport writes a file whole or not at all; what isn't a file, such as a
// pipe, is written to.
func writeReport(path string, data []byte) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	}
	if err == nil && info.IsDir() {
		return &hintError{fmt.Errorf("write report: %s is a directory", path), "give a file: --report FORMAT=PATH"}
	}
	return writeWhole(path, data)
}

// width is that of a terminal, else 0.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !isTerminal(w) {
		return 0
	}
	n, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return n
}
