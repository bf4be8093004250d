package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"kesbridge/internal/manifest"
)

// text is for people: findings as every command prints them, the apps, and
// the totals that burn down.
func text(w io.Writer, r *Report, o Options) error {
	p := palette{o.Colour}
	ps := r.places()
	hidden := 0
	for _, f := range ps {
		if f.Severity < o.shows() || f.Waived != "" && !o.Verbose {
			hidden++
			continue
		}
		textFinding(w, p, f)
	}
	if len(r.Apps) > 0 {
		if len(ps) > hidden {
			fmt.Fprintln(w)
		}
		textTable(w, p, r, o.Width)
		fmt.Fprintln(w)
		textSteps(w, p, r.nextRows(o.Verbose))
	}
	textTotals(w, p, r)
	s := "findings: " + tally(ps)
	if hidden > 0 {
		s += fmt.Sprintf(" (%d not shown; -v shows them)", hidden)
	}
	fmt.Fprintln(w, s)
	return nil
}

func textFinding(w io.Writer, p palette, f placed) {
	where := ""
	if pos := f.Pos.String(); pos != "" {
		where = p.bold(plain(pos)+":") + " "
	}
	said := f.Message
	if ref := f.Ref.String(); ref != "" {
		said = ref + ": " + said
	}
	fmt.Fprintf(w, "%s%s: %s (%s)\n", where, p.severity(f.Severity), plain(said), plain(f.Rule))
	for l := range strings.Lines(f.Fix) {
		fmt.Fprintln(w, "  "+plain(strings.TrimRight(l, "\r\n")))
	}
	if f.Waived != "" {
		fmt.Fprintln(w, "  waived: "+plain(f.Waived))
	}
	if s := f.seen(); s != "" {
		fmt.Fprintln(w, "  in "+s)
	}
}

// textTable prints the apps; on a terminal of this width no line is longer.
func textTable(w io.Writer, p palette, r *Report, width int) {
	rows := [][5]string{{"APP", "KIND", "KES", "STATE", "REASON"}}
	for _, a := range r.Apps {
		kes := "-"
		if a.KES > 0 {
			kes = fmt.Sprintf("%d/%d", a.Converted, a.KES)
		}
		kind := a.Kind
		if kind == "" {
			kind = "-"
		}
		rows = append(rows, [5]string{plain(a.ID), plain(kind), kes, plain(string(a.State)), plain(a.Reason)})
	}
	var wide [5]int
	for _, row := range rows {
		for i, c := range row {
			wide[i] = max(wide[i], utf8.RuneCountInString(c))
		}
	}
	if width > 0 { // a long ID must not push the state off the screen
		wide[0] = min(wide[0], max(width/2, 10))
	}
	for n, row := range rows {
		line, state := "", 0
		for i, c := range row {
			if i == 3 {
				state = len(line)
			}
			if i < 4 {
				c = cut(c, wide[i])
				c += strings.Repeat(" ", wide[i]-utf8.RuneCountInString(c)) + "  "
			}
			line += c
		}
		line = strings.TrimRight(line, " ")
		line = cut(line, width)
		if end := state + len(row[3]); n > 0 && end <= len(line) {
			line = line[:state] + p.state(r.Apps[n-1].State, row[3]) + line[end:]
		} else if n == 0 {
			line = p.bold(line)
		}
		fmt.Fprintln(w, line)
	}
}

// textSteps prints the next steps, each reason on a line of its own.
func textSteps(w io.Writer, p palette, rows []stepRow) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w, p.bold("next steps:"))
	for _, row := range rows {
		safe, code := "safe", "32"
		if row.safe == "no" {
			safe, code = "not safe", "31"
		}
		fmt.Fprintf(w, "  %s: %s: %s: %s\n", plain(row.app), plain(row.label()), plain(row.step), p.paint(code, safe))
		for _, why := range row.why {
			fmt.Fprintln(w, "    "+plain(why))
		}
	}
	fmt.Fprintln(w)
}

func textTotals(w io.Writer, p palette, r *Report) {
	if len(r.Apps) == 0 { // --changed-since: none reads what changed
		fmt.Fprintln(w, "0 apps")
		return
	}
	n := r.Totals()
	fmt.Fprintf(w, "%s:", plural(len(r.Apps), "app"))
	sep := " "
	for _, s := range States() {
		if n[s] > 0 {
			fmt.Fprintf(w, "%s%d %s", sep, n[s], p.state(s, string(s)))
			sep = ", "
		}
	}
	kes, converted := r.objects()
	fmt.Fprintf(w, "\n%s of %s left to move: %d of %s converted\n", plural(r.open(), "app"), fmt.Sprint(len(r.Apps)), converted, plural(kes, "KES resource"))
}

// open is the number that a migration brings down to 0: apps with KES
// resources, or of which nobody knows.
func (r *Report) open() int { return len(r.Apps) - r.Totals()[Native] }

func (r *Report) objects() (kes, converted int) {
	for _, a := range r.Apps {
		kes += a.KES
		converted += a.Converted
	}
	return kes, converted
}

// palette colours text, or doesn't.
type palette struct{ on bool }

func (p palette) paint(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p palette) bold(s string) string { return p.paint("1", s) }

func (p palette) severity(s manifest.Severity) string {
	return p.paint(map[manifest.Severity]string{manifest.Error: "31", manifest.Warning: "33", manifest.Info: "36"}[s], s.String())
}

func (p palette) state(s State, text string) string {
	code := map[State]string{Native: "32", Rewrite: "32", Plugin: "32", Decision: "33", Blocked: "31", Broken: "31", Skipped: "36"}[s]
	return p.paint(code, text)
}
