package report

import (
	"fmt"
	"slices"
	"strings"
)

// stepRow are resources of one app with the same next step, for the same
// reasons.
type stepRow struct {
	app, step, safe string
	names           []string
	why             []string
}

// nextRows gathers the next steps: those that have begun, and with all the
// others, too. What is at the end of its way has none.
func (r *Report) nextRows(all bool) []stepRow {
	var out []stepRow
	for _, a := range r.Apps {
		var rows []stepRow
		for _, s := range a.Secrets {
			if s.Next == nil || !s.Next.Started && !all || s.Next.Step == "" && s.Next.Safe {
				continue
			}
			row := rowOf(a.ID, s.Next)
			i := slices.IndexFunc(rows, func(o stepRow) bool {
				return o.step == row.step && o.safe == row.safe && slices.Equal(o.why, row.why)
			})
			if i < 0 {
				i, rows = len(rows), append(rows, row)
			}
			rows[i].names = append(rows[i].names, strings.TrimPrefix(s.Ref.Namespace+"/"+s.Ref.Name, "/"))
		}
		out = append(out, rows...)
	}
	return out
}

func rowOf(app string, n *Next) stepRow {
	row := stepRow{app: app, step: n.Step, safe: "yes"}
	if row.step == "" {
		row.step = "-"
	}
	why := func(word string, bs []Blocker) {
		for _, b := range bs {
			s := word + b.Message
			if b.Rule != "" {
				s += " (" + b.Rule + ")"
			}
			row.why = append(row.why, s)
		}
	}
	if !n.Safe {
		row.safe = "no"
	}
	why("", n.Blockers)
	if n.Or != "" {
		row.why = append(row.why, "or "+n.Or+": the guarded way is open")
	}
	for _, s := range n.Needs {
		row.why = append(row.why, "needed: "+s)
	}
	why("later: ", n.Later)
	return row
}

// label names the resources, at most three of them.
func (s *stepRow) label() string {
	const most = 3
	if n := len(s.names) - most; n > 0 {
		return strings.Join(s.names[:most], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(s.names, ", ")
}
