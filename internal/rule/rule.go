// Package rule is the one table of everything that kesbridge reports: stable
// ids, default severities and the page that docs/findings.md and
// `kesbridge explain` show. Ids are never given to another meaning.
package rule

import (
	"fmt"

	"kesbridge/internal/manifest"
)

// Rule is one row.
type Rule struct {
	// ID is "KES" and three digits: 0xx reading KES, 1xx converting,
	// 2xx stores, 3xx output as a whole and ESO versions, 4xx proofs,
	// 5xx modes and what people set, 6xx whole applications, 7xx transitions.
	ID string
	// Name is a short slug for headings.
	Name string
	// Severity is what the rule is reported as; --on-unsupported keep turns
	// errors of converting into warnings.
	Severity manifest.Severity
	// Summary is one sentence: what was found.
	Summary string
	// Detail says what KES did, what ESO does and why that matters, with the
	// source of the fact.
	Detail string
	// Fix says what to do.
	Fix string
}

// At makes a finding of the rule. The message is formatted; the fix is the
// rule's own unless With replaces it.
func (r Rule) At(pos manifest.Pos, ref manifest.Ref, format string, args ...any) manifest.Finding {
	return manifest.Finding{Rule: r.ID, Severity: r.Severity, Pos: pos, Ref: ref, Message: fmt.Sprintf(format, args...), Fix: r.Fix}
}
