package cli

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/report"
)

// palette colours text, or doesn't.
type palette struct{ on bool }

// palette is colourful only on a terminal, and never with NO_COLOR.
func (a *app) palette() palette {
	return palette{on: isTerminal(a.err) && a.env["NO_COLOR"] == "" && a.env["TERM"] != "dumb"}
}

func isTerminal(v any) bool {
	f, ok := v.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (p palette) paint(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p palette) red(s string) string    { return p.paint("31", s) }
func (p palette) yellow(s string) string { return p.paint("33", s) }
func (p palette) cyan(s string) string   { return p.paint("36", s) }
func (p palette) bold(s string) string   { return p.paint("1", s) }

func (p palette) severity(s manifest.Severity) string {
	switch s {
	case manifest.Error:
		return p.red(s.String())
	case manifest.Warning:
		return p.yellow(s.String())
	}
	return p.cyan(s.String())
}

// shown is the severity from which on findings are printed.
func (o options) shown() manifest.Severity {
	switch {
	case o.quiet:
		return min(manifest.Error, o.failOn)
	case o.verbose:
		return manifest.Info
	}
	return min(manifest.Warning, o.failOn)
}

// newRun starts a run that keeps what will be printed.
func newRun(o options) *pipeline.Run {
	run := pipeline.New()
	run.Least = o.shown()
	return run
}

// conclude ends a run: it prints the findings and the account, and sets the
// exit code. It reports whether manifests may be printed.
func (a *app) conclude(o options, run *pipeline.Run) bool {
	p := a.palette()
	fs, c := run.Finish()
	number := map[manifest.Severity]int{}
	for _, s := range []manifest.Severity{manifest.Info, manifest.Warning, manifest.Error} {
		number[s] = run.Weaker(s)
	}
	for _, f := range fs {
		if f.Waived == "" {
			number[f.Severity]++
		}
		printFinding(a.err, p, f)
	}
	// An error that was waived is accepted, not mended.
	failed := fs.Worst() >= o.failOn || fs.WaivedErrors()
	if failed {
		a.code = exitFindings
	}
	if c.KES > 0 && !o.quiet || failed {
		fmt.Fprintln(a.err, summary(c, run.Modes(), number, run.Waived(), o.shown(), failed))
	}
	return !failed
}

// printFinding keeps what files of others say from moving a terminal's cursor,
// or from beginning a line of a CI's log.
func printFinding(w io.Writer, p palette, f manifest.Finding) {
	f.Pos.File, f.Pos.Origin = report.Plain(f.Pos.File), report.Plain(f.Pos.Origin)
	f.Ref.Kind, f.Ref.Namespace, f.Ref.Name = report.Plain(f.Ref.Kind), report.Plain(f.Ref.Namespace), report.Plain(f.Ref.Name)
	f.Message, f.Fix, f.Waived = report.PlainLines(f.Message), report.PlainLines(f.Fix), report.PlainLines(f.Waived)
	where, text := f.String(), ""
	if pos := f.Pos.String(); pos != "" {
		where, text = pos+": ", strings.TrimPrefix(where, pos+": ")
	} else {
		where, text = "", where
	}
	if f.Waived != "" && f.Severity == manifest.Error {
		text += "\n  a waiver doesn't help here, only in check: there is nothing right to print"
	}
	fmt.Fprintf(w, "%s%s: %s\n", p.bold(where), p.severity(f.Severity), text)
}

// byMode says what became of resources that weren't just replaced.
func byMode(modes map[string]int) string {
	s := ""
	for _, m := range []struct{ mode, what string }{
		{config.SideBySide, "of them beside the KES resource"}, {config.Switch, "of them beside it with references"}, {config.Switched, "of them with references alone"},
		{config.Superseded, "superseded"}, {config.Keep, "kept by mode"}, {config.Freeze, "frozen"}, {config.Protect, "frozen and protected"},
	} {
		if n := modes[m.mode]; n > 0 {
			s += fmt.Sprintf(", %d %s", n, m.what)
		}
	}
	return s
}

func summary(c pipeline.Counts, modes map[string]int, number map[manifest.Severity]int, waived int, shown manifest.Severity, failed bool) string {
	s := fmt.Sprintf("kesbridge: %d of %d KES resources converted", c.Converted, c.KES)
	if c.KES == 1 {
		s = fmt.Sprintf("kesbridge: %d of 1 KES resource converted", c.Converted)
	}
	s += byMode(modes)
	if c.Kept > 0 {
		s += fmt.Sprintf(", %d left unchanged", c.Kept)
	}
	var parts []string
	for _, sev := range []manifest.Severity{manifest.Error, manifest.Warning, manifest.Info} {
		if n := number[sev]; n > 0 {
			parts = append(parts, plural(n, sev.String()))
		}
	}
	if waived > 0 {
		parts = append(parts, fmt.Sprintf("%d waived", waived))
	}
	if len(parts) > 0 {
		s += "; " + strings.Join(parts, ", ")
	}
	if shown > manifest.Info && number[manifest.Info]+waived > 0 {
		s += " (-v shows them)"
	}
	if failed {
		s += "; nothing was printed"
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
