package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

type object map[string]any

// sarif is SARIF 2.1.0 (OASIS), with what GitHub's code scanning wants: a
// location for each result, fingerprints, help of each rule.
func sarif(w io.Writer, r *Report, _ Options) error {
	ps := r.places()
	rules, index := sarifRules(ps)
	results := []object{}
	for _, p := range ps {
		results = append(results, sarifResult(p, index[p.Rule]))
	}
	driver := object{"name": "kesbridge", "rules": rules}
	if r.Version != "" {
		driver["version"] = r.Version
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(object{
		"$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		"version": "2.1.0",
		"runs": []object{{
			"tool":               object{"driver": driver},
			"automationDetails":  object{"id": "kesbridge/check/"},
			"columnKind":         "unicodeCodePoints",
			"originalUriBaseIds": object{"%SRCROOT%": object{"description": object{"text": "The root of the repository."}}},
			"results":            results,
		}},
	})
}

func sarifLevel(s manifest.Severity) string {
	return map[manifest.Severity]string{manifest.Error: "error", manifest.Warning: "warning", manifest.Info: "note"}[s]
}

// sarifRules are those that occur, by ID.
func sarifRules(ps []placed) ([]object, map[string]int) {
	var ids []string
	for _, p := range ps {
		ids = append(ids, p.Rule)
	}
	slices.Sort(ids)
	rules, index := []object{}, map[string]int{}
	for _, id := range slices.Compact(ids) {
		index[id] = len(rules)
		one := object{"id": id}
		if r, ok := rule.Find(id); ok {
			one["name"] = sarifName(r.Name)
			one["shortDescription"] = object{"text": sentence(r.Summary)}
			one["fullDescription"] = object{"text": sentence(r.Summary) + " " + sentence(r.Detail)}
			one["defaultConfiguration"] = object{"level": sarifLevel(r.Severity)}
			one["help"] = object{
				"text":     fmt.Sprintf("%s\n\nWhat to do: %s", sentence(r.Detail), sentence(r.Fix)),
				"markdown": fmt.Sprintf("**%s %s**\n\n%s\n\n%s\n\n**What to do:** %s", r.ID, r.Name, prose(sentence(r.Summary)), prose(sentence(r.Detail)), prose(sentence(r.Fix))),
			}
		}
		rules = append(rules, one)
	}
	return rules, index
}

// sarifName is the slug in SARIF's PascalCase.
func sarifName(slug string) string {
	s := ""
	for part := range strings.SplitSeq(slug, "-") {
		if part != "" {
			s += strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return s
}

// sentence ends in a full stop and begins with a capital, as SARIF wants texts.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	if c := s[0]; c >= 'a' && c <= 'z' && !strings.HasPrefix(s, "external-secrets.io") {
		s = string(c-'a'+'A') + s[1:]
	}
	return s
}

func sarifResult(p placed, ruleIndex int) object {
	said := plain(p.Message)
	if ref := p.Ref.String(); ref != "" {
		said = plain(ref) + ": " + said
	}
	if p.Fix != "" {
		said = sentence(said) + " " + sentence(plain(p.Fix))
	}
	if s := p.seen(); s != "" {
		said += " (" + s + ")"
	}
	place := object{"artifactLocation": object{"uri": fileURI(p.file()), "uriBaseId": "%SRCROOT%"}}
	if p.Pos.Line > 0 {
		region := object{"startLine": p.Pos.Line}
		if p.Pos.Column > 0 {
			region["startColumn"] = p.Pos.Column
		}
		place["region"] = region
	}
	location := object{"physicalLocation": place}
	if ref := p.Ref.String(); ref != "" {
		location["logicalLocations"] = []object{{"name": or(p.Ref.Name, p.Ref.Kind), "fullyQualifiedName": ref, "kind": "resource"}}
	}
	out := object{
		"ruleId": p.Rule, "ruleIndex": ruleIndex, "level": sarifLevel(p.Severity),
		"message": object{"text": sarifText(said)}, "locations": []object{location},
		"partialFingerprints": object{"kesbridge/v1": p.Fingerprint},
	}
	if len(p.apps) > 0 {
		out["properties"] = object{"apps": p.apps}
	}
	if p.Waived != "" {
		out["suppressions"] = []object{{"kind": "external", "status": "accepted", "justification": p.Waived}}
	}
	return out
}

// sarifText keeps a text from being read as SARIF's links and placeholders
// (3.11.5, 3.11.6): backslash and square brackets, and braces.
func sarifText(s string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `{`, `{{`, `}`, `}}`).Replace(s)
}

// fileURI is a path as a relative URI reference. A first segment with a colon
// would be a scheme.
func fileURI(path string) string {
	return strings.TrimPrefix((&url.URL{Path: strings.TrimPrefix(path, "/")}).String(), "./")
}
