package report

import (
	"fmt"
	"io"
	"strings"

	"kesbridge/internal/manifest"
)

// github prints workflow commands. GitHub shows ten annotations of each kind
// per step and drops the others in silence, so the worst come first, and a
// last line of each kind says what is left out.
func github(w io.Writer, r *Report, o Options) error {
	const most = 10
	ps := r.places()
	kinds := map[manifest.Severity]string{manifest.Error: "error", manifest.Warning: "warning", manifest.Info: "notice"}
	for _, s := range []manifest.Severity{manifest.Error, manifest.Warning, manifest.Info} {
		var list []placed
		for _, p := range ps {
			if p.Severity == s && s >= o.shows() && p.Waived == "" {
				list = append(list, p)
			}
		}
		left := 0
		if len(list) > most {
			left = len(list) - most + 1
		}
		for _, p := range list[:len(list)-left] {
			fmt.Fprintln(w, githubCommand(kinds[s], p))
		}
		if left > 0 {
			fmt.Fprintf(w, "::%s title=kesbridge::%s\n", kinds[s], githubData(plural(left, "more "+s.String())+", which GitHub would not show: see the log, or another report"))
			// Beyond what GitHub shows; the log has them all.
			for _, p := range list[len(list)-left:] {
				fmt.Fprintln(w, githubLog(p))
			}
		}
	}
	fmt.Fprintf(w, "kesbridge: %s in %s\n", tally(ps), plural(len(r.Apps), "app"))
	return nil
}

func githubCommand(kind string, p placed) string {
	var props []string
	if f := p.file(); f != "" {
		props = append(props, "file="+githubProperty(plain(f)))
	}
	if p.Pos.Line > 0 {
		props = append(props, fmt.Sprintf("line=%d", p.Pos.Line))
		if p.Pos.Column > 0 {
			props = append(props, fmt.Sprintf("col=%d", p.Pos.Column))
		}
	}
	title := p.Rule
	if ref := p.Ref.String(); ref != "" {
		title += " " + ref
	}
	props = append(props, "title="+githubProperty(plain(title)))
	said := plain(p.Message)
	if p.Fix != "" {
		said += "\n" + plain(p.Fix)
	}
	if s := p.seen(); s != "" {
		said += "\nin " + s
	}
	return "::" + kind + " " + strings.Join(props, ",") + "::" + githubData(said)
}

// githubLog is a line that can't be a command: those begin with "::" or hold
// "##[", wherever they come from.
func githubLog(p placed) string {
	s := p.Message + " (" + p.Rule + ")"
	if ref := p.Ref.String(); ref != "" {
		s = ref + ": " + s
	}
	if pos := p.Pos.String(); pos != "" {
		s = pos + ": " + s
	}
	return "  " + p.Severity.String() + ": " + strings.NewReplacer("::", ": :", "##[", "## [").Replace(plain(s))
}

// githubData escapes as @actions/core does (command.ts, escapeData).
func githubData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

// githubProperty escapes as @actions/core does (command.ts, escapeProperty).
func githubProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
