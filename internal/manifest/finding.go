package manifest

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity says what a finding means for the run.
type Severity int

// The severities, weakest first.
const (
	// Info is fine print: which backend values would differ, what was
	// normalised.
	Info Severity = iota + 1
	// Warning: converted, but somebody should look at it.
	Warning
	// Error: can't be converted faithfully.
	Error
)

// String gives "info", "warning" or "error".
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return fmt.Sprintf("severity(%d)", int(s))
}

// MarshalText makes severities words in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseSeverity reads "info", "warning" or "error".
func ParseSeverity(s string) (Severity, error) {
	for _, v := range []Severity{Info, Warning, Error} {
		if v.String() == s {
			return v, nil
		}
	}
	return 0, fmt.Errorf("unknown severity %q: use error, warning or info", s)
}

// Finding is one thing that a person should know about one object.
type Finding struct {
	// Rule is the stable id, "KES001"; docs/findings.md has a section for each.
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	Pos      Pos      `json:"pos"`
	Ref      Ref      `json:"ref"`
	// Message says what is so; Fix says what to do about it.
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
	// Waived is the reason that somebody gave for accepting it; such a finding
	// doesn't count for the exit code.
	Waived string `json:"waived,omitempty"`
}

// String gives the two lines that people see:
//
//	file:line:col: Kind/namespace/name: message (KES001)
//	  fix
func (f Finding) String() string {
	s := ""
	if p := f.Pos.String(); p != "" {
		s = p + ": "
	}
	if r := f.Ref.String(); r != "" {
		s += r + ": "
	}
	s += f.Message + " (" + f.Rule + ")"
	switch {
	case f.Waived != "":
		s += "\n  waived: " + f.Waived
	case f.Fix != "":
		s += "\n  " + f.Fix
	}
	return s
}

// Findings sort themselves and yield the exit code.
type Findings []Finding

// Sort orders by file, line, column, object, rule and message, and drops
// exact repetitions.
func (fs *Findings) Sort() {
	slices.SortStableFunc(*fs, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Pos.Origin, b.Pos.Origin),
			cmp.Compare(a.Ref.String(), b.Ref.String()),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message),
		)
	})
	*fs = slices.Compact(*fs)
}

// Worst is the highest severity among those that nobody waived, 0 when there
// are none.
func (fs Findings) Worst() Severity {
	var w Severity
	for _, f := range fs {
		if f.Waived == "" {
			w = max(w, f.Severity)
		}
	}
	return w
}

// WaivedErrors reports whether an error was waived. A waiver accepts a finding
// and makes nothing right: with an error there is nothing to print.
func (fs Findings) WaivedErrors() bool {
	return slices.ContainsFunc(fs, func(f Finding) bool { return f.Waived != "" && f.Severity == Error })
}
