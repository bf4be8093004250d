package report

import (
	"encoding/json"
	"io"

	"kesbridge/internal/manifest"
)

// SchemaVersion is of the JSON report. Within one, fields and states may come,
// and none goes or changes what it means. docs/report.schema.json is its
// schema.
const SchemaVersion = 1

// Document is the JSON report.
type Document struct {
	// SchemaVersion is 1; a report with another one isn't for this schema.
	SchemaVersion int `json:"schemaVersion"`
	Report
	Totals Totals `json:"totals"`
}

// Totals are numbers to follow over time.
type Totals struct {
	// Apps is the number of apps in each state that occurs.
	Apps map[State]int `json:"apps"`
	// Open are the apps that are not native: 0 at the end of a migration.
	Open int `json:"open"`
	// KES resources found, and those of them that were converted.
	KES       int `json:"kes"`
	Converted int `json:"converted"`
	// Errors, Warnings and Infos are findings, each counted once however many
	// apps have it, without the waived ones.
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
	Waived   int `json:"waived"`
}

func jsonDocument(w io.Writer, r *Report, _ Options) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r.document())
}

func (r *Report) document() Document {
	n, waived := count(r.places())
	d := Document{SchemaVersion: SchemaVersion, Report: *r}
	if d.Apps == nil {
		d.Apps = []App{}
	}
	d.Totals = Totals{Apps: r.Totals(), Open: r.open(), Errors: n[manifest.Error], Warnings: n[manifest.Warning], Infos: n[manifest.Info], Waived: waived}
	d.Totals.KES, d.Totals.Converted = r.objects()
	return d
}
