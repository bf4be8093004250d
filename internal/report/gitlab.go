package report

import (
	"encoding/json"
	"io"

	"kesbridge/internal/manifest"
)

type gitlabIssue struct {
	Description string         `json:"description"`
	CheckName   string         `json:"check_name"`
	Fingerprint string         `json:"fingerprint"`
	Severity    string         `json:"severity"`
	Location    gitlabLocation `json:"location"`
}

type gitlabLocation struct {
	Path  string      `json:"path"`
	Lines gitlabLines `json:"lines"`
}

type gitlabLines struct {
	Begin int `json:"begin"`
}

// gitlab is GitLab's Code Quality report: a list, each entry with a file and a
// line, which is 1 where none is known. What is waived is left out, since the
// format has no word for it.
func gitlab(w io.Writer, r *Report, _ Options) error {
	list := []gitlabIssue{}
	for _, p := range r.places() {
		if p.Waived != "" {
			continue
		}
		said := p.Message
		if ref := p.Ref.String(); ref != "" {
			said = ref + ": " + said
		}
		if p.Fix != "" {
			said += "; " + p.Fix
		}
		if s := p.seen(); s != "" {
			said += " (" + s + ")"
		}
		list = append(list, gitlabIssue{
			Description: plain(said), CheckName: p.Rule, Fingerprint: p.Fingerprint, Severity: gitlabSeverity(p.Severity),
			Location: gitlabLocation{Path: p.file(), Lines: gitlabLines{Begin: max(p.Pos.Line, 1)}},
		})
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(list)
}

// gitlabSeverity picks of GitLab's info, minor, major, critical and blocker.
func gitlabSeverity(s manifest.Severity) string {
	return map[manifest.Severity]string{manifest.Error: "critical", manifest.Warning: "minor", manifest.Info: "info"}[s]
}
