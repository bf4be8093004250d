package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// maxComment is GitHub's limit of a comment, in characters; GitLab's is larger.
const maxComment = 65536

// mdPart is a part of the comment that may be cut between two of its items,
// each of which is complete Markdown.
type mdPart struct {
	open, close string
	items       []string
	size        int
	// noun is one item's.
	noun string
}

// markdown fits a comment on a pull request: totals, then what is wrong, the
// apps, and what changes.
func markdown(w io.Writer, r *Report, o Options) error {
	ps := r.places()
	head := mdHead(r, ps)
	parts := []mdPart{mdFindings(ps), mdWaived(ps), mdApps(r), mdSteps(r), mdChanges(r)}
	room := allot(maxComment-mdLength(head), parts)
	var b strings.Builder
	b.WriteString(head)
	for i, p := range parts {
		b.WriteString(p.within(room[i]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mdHead(r *Report, ps []placed) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### kesbridge check: %s\n\n", tally(ps))
	kes, converted := r.objects()
	fmt.Fprintf(&b, "%s, %d left to move; %d of %s converted.\n", plural(len(r.Apps), "app"), r.open(), converted, plural(kes, "KES resource"))
	n := r.Totals()
	head, line, row := "", "", ""
	for _, s := range States() {
		if n[s] > 0 {
			head, line, row = head+"| "+string(s)+" ", line+"|---", row+fmt.Sprintf("| %d ", n[s])
		}
	}
	if head != "" {
		fmt.Fprintf(&b, "\n%s|\n%s|\n%s|\n", head, line, row)
	}
	return b.String()
}

func mdFindings(ps []placed) mdPart {
	p := mdPart{open: "\n#### Findings\n\n", noun: "finding"}
	for _, f := range worstFirst(ps) {
		if f.Waived == "" {
			p.add(func() string { return mdFinding(f) })
		}
	}
	return p
}

func mdWaived(ps []placed) mdPart {
	p := mdPart{open: "\n<details><summary>Waived findings</summary>\n\n", close: "\n</details>\n", noun: "waived finding"}
	for _, f := range ps {
		if f.Waived != "" {
			p.add(func() string { return mdFinding(f) + "  waived: " + prose(cut(f.Waived, 500)) + "\n" })
		}
	}
	return p
}

func mdFinding(f placed) string {
	const most = 1000 // characters of a message: a listing of a library's may be long
	s := "- **" + f.Severity.String() + "**"
	if pos := f.Pos.String(); pos != "" {
		s += " " + code(cut(pos, 300))
	}
	if ref := f.Ref.String(); ref != "" {
		s += " " + code(cut(ref, 400))
	}
	s += " " + prose(cut(f.Message, most)) + " (" + prose(f.Rule) + ")"
	if f.Fix != "" {
		s += "<br>" + prose(cut(f.Fix, most))
	}
	if len(f.apps) > 0 {
		s += "<br>in " + f.seenAs(func(id string) string { return code(cut(id, 100)) })
	}
	return s + "\n"
}

func mdApps(r *Report) mdPart {
	p := mdPart{noun: "app"}
	p.open = "\n<details><summary>Apps</summary>\n\n| app | kind | converted | state | reason |\n|---|---|---|---|---|\n"
	p.close = "\n</details>\n"
	for _, a := range r.Apps {
		kes := ""
		if a.KES > 0 {
			kes = fmt.Sprintf("%d of %d", a.Converted, a.KES)
		}
		p.add(func() string {
			return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", code(cut(a.ID, 200)), prose(cut(a.Kind, 50)), kes, prose(string(a.State)), prose(cut(a.Reason, 400)))
		})
	}
	return p
}

// mdSteps are the next steps of what has begun.
func mdSteps(r *Report) mdPart {
	p := mdPart{noun: "next step"}
	p.open = "\n<details><summary>Next steps</summary>\n\n| app | resources | next | safe now | why |\n|---|---|---|---|---|\n"
	p.close = "\n</details>\n"
	for _, row := range r.nextRows(false) {
		p.add(func() string {
			var why []string
			for _, s := range row.why {
				why = append(why, prose(cut(s, 300)))
			}
			return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", code(cut(row.app, 200)), code(cut(row.label(), 300)), prose(cut(row.step, 50)), row.safe, strings.Join(why, "<br>"))
		})
	}
	return p
}

func mdChanges(r *Report) mdPart {
	p := mdPart{noun: "resource", open: "\n#### What changes\n\n"}
	for _, a := range r.Apps {
		for _, s := range a.Secrets {
			if s.After != "" && s.Before != s.After {
				p.add(func() string { return mdChange(a, s) })
			}
		}
	}
	return p
}

func mdChange(a App, s Secret) string {
	const lines, columns = 200, 500
	d := changed(s.Before, s.After)
	if n := len(d); n > lines {
		d = append(d[:lines:lines], fmt.Sprintf("# %s of this difference left out", plural(n-lines, "line")))
	}
	for i := range d {
		d[i] = cut(d[i], columns)
	}
	return fmt.Sprintf("<details><summary>%s in %s</summary>\n\n%s\n</details>\n\n", code(cut(s.Ref.String(), 400)), code(cut(a.ID, 200)), fenced("diff", strings.Join(d, "\n")))
}

// changed is a unified difference without its file names.
func changed(before, after string) []string {
	text := string(diff.Diff("a", []byte(before), "b", []byte(after)))
	_, text, _ = strings.Cut(text, "\n+++ b\n")
	return strings.Split(strings.TrimRight(text, "\n"), "\n")
}
