package rewrite

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	// manyLines are functions whose lines have their own indentation.
	manyLines = regexp.MustCompile(`\bn?indent\b|\bto(Pretty)?(Yaml|Json)Pretty\b|\btoYaml\b|\btoPrettyJson\b`)
	// printsQuotes are functions whose result has double quotes or backslashes.
	printsQuotes = regexp.MustCompile(`\bquote\b|\btoJson\b|\btoRawJson\b|%\+?q`)
	choice       = regexp.MustCompile(`(?s)\{\{-?\s*(if|with|range)\b.*\{\{-?\s*end\s*-?\}\}`)
	trims        = regexp.MustCompile(`\{\{-|-\}\}`)
	// numeric is what is left of a plain scalar that may become a number or a
	// date.
	numeric = regexp.MustCompile(`^[-+.0-9][-+.0-9_:xoa-fA-FTZ ]*$`)
)

// templates refuses a block of an ApplicationSet that may mean something else
// as one text. Natively each text of the block is a template after YAML was
// read; in the parameter the text of the whole block is one, before it is.
// Keys that are null are left out natively (Argo CD's
// applicationset/utils/utils.go, deeplyReplace), and wouldn't be in a text.
func (a *application) templates(native []string, key, value *yaml.Node) error {
	raw := strings.Join(native, "")
	seen, moved := 0, actions(raw)
	var walk func(n *yaml.Node) error
	walk = func(n *yaml.Node) error {
		if n.Kind == yaml.ScalarNode {
			seen += strings.Count(n.Value, "{{")
			if n != value && n.Tag == "!!null" {
				return a.refuse(n, "a null in the block of an ApplicationSet, which Argo CD leaves out natively", "take it out first")
			}
			if reason, fix := a.template(n); reason != "" {
				return a.refuse(n, reason, fix)
			}
			for _, t := range actions(n.Value) {
				if len(moved) == 0 || moved[0] != t {
					return a.refuse(n, "its template "+t+" has escapes in quotes or spans lines, which are read in another order in the parameter source", "quote it so that nothing in the template is escaped, or take a block (|-)")
				}
				moved = moved[1:]
			}
		}
		for _, c := range n.Content {
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	err := walk(value)
	n := strings.Count(raw, "{{")
	if err == nil && n > seen || hasTemplate(key) || hasTemplate(value) {
		return a.refuse(key, "a comment in its block holds a template, which would be one in the parameter source", "take the braces out of the comment first")
	}
	if err != nil {
		return err
	}
	if n > 0 {
		a.note("what its generators give goes into the block before YAML reads it: values with quotes, line breaks, ': ' or ' #' change what it means")
	}
	return nil
}

// actions are the templates of a text. How lines are indented between their
// words means nothing.
func actions(s string) []string {
	out := action.FindAllString(s, -1)
	for i, t := range out {
		if !strings.Contains(t, "`") {
			out[i] = strings.Join(strings.Fields(t), " ")
		}
	}
	return out
}

// hasTemplate reports whether a comment beside a node holds braces.
func hasTemplate(n *yaml.Node) bool {
	if strings.Contains(n.HeadComment+n.LineComment+n.FootComment, "{{") {
		return true
	}
	return slices.ContainsFunc(n.Content, hasTemplate)
}

// noText reports whether YAML may read a plain scalar as something else than
// a text, with what a template adds to it.
func noText(s string) bool {
	switch strings.ToLower(s) {
	case "y", "yes", "n", "no", "on", "off", "true", "false", "null", "~":
		return true
	}
	return numeric.MatchString(s)
}

// quotedTemplate says why a template in quotes gives another text there: in
// the parameter source what it prints, and what it trims, is YAML's.
func quotedTemplate(n *yaml.Node) (reason, fix string) {
	all := strings.Join(action.FindAllString(n.Value, -1), " ")
	double := n.Style&yaml.DoubleQuotedStyle != 0
	switch {
	case double && printsQuotes.MatchString(all), !double && strings.Contains(all, "squote"):
		return "its template prints quotes, inside of quotes in the parameter source", "quote it with the other quotes first, or take a block (|-)"
	case double && trims.MatchString(all) && strings.ContainsAny(n.Value, "\n\r\t\u00a0"):
		return "its template trims what is an escape in the parameter source", "take a block (|) first"
	}
	return "", ""
}

// template says why a text of the block isn't the same template in the
// parameter source.
func (a *application) template(n *yaml.Node) (reason, fix string) {
	if !strings.Contains(n.Value, "{{") && !strings.Contains(n.Value, "}}") {
		return "", ""
	}
	const byHand = "write the plugin block by hand, with what makes it in parameters of their own (helm-values, helm-parameters, ...; docs/parameters.md)"
	if text(child(child(a.root, "spec"), "goTemplate")) != "true" && strings.Count(n.Value, "{{") != strings.Count(n.Value, "}}") {
		return "braces of a template that don't pair", byHand
	}
	quoted := n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0
	block := n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if manyLines.MatchString(strings.Join(action.FindAllString(n.Value, -1), " ")) {
		return "its template makes lines with an indentation of its own, which is another one in the parameter source", byHand
	}
	if quoted {
		return quotedTemplate(n)
	}
	if n.Style&yaml.FoldedStyle != 0 && trims.MatchString(n.Value) {
		return "its template trims line breaks that YAML folds", "take a block that isn't folded (|) first"
	}
	trimmed := strings.TrimSpace(n.Value)
	if strings.HasPrefix(trimmed, "{{-") || strings.HasSuffix(trimmed, "-}}") {
		return "its template trims what is around its text, which is YAML in the parameter source", "take the dash out of {{- at its start and -}} at its end, or quote the text"
	}
	if !block && noText(action.ReplaceAllString(choice.ReplaceAllString(n.Value, ""), "")) {
		return "its text may become a number or the like, which it isn't natively", "quote it first"
	}
	return "", ""
}
