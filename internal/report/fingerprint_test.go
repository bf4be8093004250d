package report_test

import (
	"testing"

	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
)

func one(message string) manifest.Finding {
	return manifest.Finding{Rule: "KES101", Severity: manifest.Error, Pos: manifest.Pos{File: "a/b.yaml", Line: 3, Column: 5},
		Ref: manifest.Ref{Group: "g", Version: "v1", Kind: "K", Namespace: "n", Name: "x"}, Message: message}
}

// Lines move with every commit above them.
func TestFingerprintSame(t *testing.T) {
	for _, c := range [][2]string{
		{"key is given again on line 7", "key is given again on line 12"},
		{"yaml: line 7: did not find expected key", "yaml: line 8: did not find expected key"},
		{"also made from a/b.yaml:7:3", "also made from a/b.yaml:12:14"},
		{"template: x:3:14: executing", "template: x:13:4: executing"},
		{"lines 3-7 and column 4", "lines 5-9 and column 1"},
		{"lines 3 to 7", "lines 13 to 17"},
		{"the file has 120 bytes", "the file has 121 bytes"},
		{"at offset 99", "at offset 100"},
	} {
		a, b := one(c[0]), one(c[1])
		b.Pos.Line, b.Pos.Column, b.Ref.Version, b.Severity, b.Fix, b.Waived = 90, 1, "v2", manifest.Warning, "other words", "because"
		if report.Fingerprint(a) != report.Fingerprint(b) {
			t.Errorf("%q and %q differ", c[0], c[1])
		}
	}
}

func TestFingerprintDiffers(t *testing.T) {
	base := one("spec.data[0].key1: unknown field")
	for name, change := range map[string]func(f *manifest.Finding){
		"rule":      func(f *manifest.Finding) { f.Rule = "KES102" },
		"key":       func(f *manifest.Finding) { f.Message = "spec.data[0].key2: unknown field" },
		"index":     func(f *manifest.Finding) { f.Message = "spec.data[1].key1: unknown field" },
		"file":      func(f *manifest.Finding) { f.Pos.File = "a/c.yaml" },
		"origin":    func(f *manifest.Finding) { f.Pos.Origin = "templates/x.yaml" },
		"group":     func(f *manifest.Finding) { f.Ref.Group = "h" },
		"kind":      func(f *manifest.Finding) { f.Ref.Kind = "L" },
		"namespace": func(f *manifest.Finding) { f.Ref.Namespace = "m" },
		"name":      func(f *manifest.Finding) { f.Ref.Name = "y" },
		"boundary":  func(f *manifest.Finding) { f.Ref.Kind, f.Ref.Namespace = "Kn", "" },
	} {
		f := base
		change(&f)
		if report.Fingerprint(f) == report.Fingerprint(base) {
			t.Errorf("another %s has the same fingerprint", name)
		}
	}
	for _, c := range [][2]string{{"key line-7", "key line-8"}, {"version 1.2", "version 1.3"}, {"port 80", "port 81"}, {"image:7", "key image:8x"}} {
		if report.Fingerprint(one(c[0])) == report.Fingerprint(one(c[1])) {
			t.Errorf("%q and %q are the same", c[0], c[1])
		}
	}
}

// Of two that can't be told apart the first keeps its fingerprint, and a
// second app that sees them changes nothing.
func TestFingerprintNumbers(t *testing.T) {
	at := func(line int) report.Finding {
		f := one("same words")
		f.Pos.Line = line
		return report.Finding{Finding: f}
	}
	r := &report.Report{}
	r.Add(report.App{ID: "b", Findings: []report.Finding{at(9), at(3)}}, report.App{ID: "a", Findings: []report.Finding{at(9)}})
	r.Settle()
	first, second := r.Apps[1].Findings[1].Fingerprint, r.Apps[1].Findings[0].Fingerprint
	if first != report.Fingerprint(one("same words")) || second == first || r.Apps[0].Findings[0].Fingerprint != second {
		t.Errorf("%+v", r.Apps)
	}
	moved := &report.Report{}
	moved.Add(report.App{ID: "c", Findings: []report.Finding{at(103), at(109)}})
	moved.Settle()
	if moved.Apps[0].Findings[0].Fingerprint != first || moved.Apps[0].Findings[1].Fingerprint != second {
		t.Error("moved lines changed the fingerprints")
	}
}
