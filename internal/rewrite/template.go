package rewrite

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

var (
	action = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	// manyLines are functions whose lines have their own indentation.
	manyLines = regexp.MustCompile(`\bn?indent\b|\bto(Pretty)?(Yaml|Json)Pretty\b|\btoYaml\b|\btoPrettyJson\b`)
	// numeric is what is left of a plain scalar that may become a number or a
	// date.
	numeric = regexp.MustCompile(`^[-+.0-9_:xobeETZ ]*$`)
)

// templates refuses a block of an ApplicationSet that may mean something else
// as one text. Natively each text of the block is a template after YAML was
// read; in the parameter the text of the whole block is one, before it is.
// Keys that are null are left out natively (Argo CD's
// applicationset/utils/utils.go, deeplyReplace), and wouldn't be in a text.
func (a *application) templates(native []string, key, value *yaml.Node) error {
	raw := strings.Join(native, "")
	seen := 0
	var walk func(n *yaml.Node) error
	walk = func(n *yaml.Node) error {
		if n.Kind == yaml.ScalarNode {
			seen += strings.Count(n.Value, "{{")
			if n != value && n.Tag == "!!null" {
				return a.refuse(n, "a null in the block of an ApplicationSet, which Argo CD leaves out natively", "take it out first")
			}
			if reason, fix := a.template(raw, n); reason != "" {
				return a.refuse(n, reason, fix)
			}
		}
		for _, c := range n.Content {
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(value); err != nil {
		return err
	}
	if n := strings.Count(raw, "{{"); n > seen {
		return a.refuse(key, "a comment in its block holds a template, which would be one in the parameter source", "take the braces out of the comment first")
	} else if n > 0 {
		a.note("what its generators give goes into the block before YAML reads it: values with quotes, line breaks, ': ' or ' #' change what it means")
	}
	return nil
}

// template says why a text of the block isn't the same template in the
// parameter source.
func (a *application) template(raw string, n *yaml.Node) (reason, fix string) {
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
		for _, t := range action.FindAllString(n.Value, -1) {
			if !strings.Contains(raw, t) {
				return "its template " + t + " has escapes in quotes or spans lines, which are read in another order in the parameter source", "quote it so that nothing in the template is escaped, or take a block (|-)"
			}
		}
		return "", ""
	}
	trimmed := strings.TrimSpace(n.Value)
	if strings.HasPrefix(trimmed, "{{-") || strings.HasSuffix(trimmed, "-}}") {
		return "its template trims what is around its text, which is YAML in the parameter source", "take the dash out of {{- at its start and -}} at its end, or quote the text"
	}
	if !block && numeric.MatchString(action.ReplaceAllString(n.Value, "")) {
		return "its text may become a number, which it isn't natively", "quote it first"
	}
	return "", ""
}
