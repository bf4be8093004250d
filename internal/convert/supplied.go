package convert

import (
	"encoding/json"
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/kes"
	"kesbridge/internal/lodash"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// suppliedRule is a templates rule with its expression as it is compared.
type suppliedRule struct {
	*config.TemplateRule
	normal string
}

// supplied are the user's templates for one text.
type supplied struct {
	text kes.Text
	// template finds the template for a piece of the text or for the whole.
	template func(expr string) (string, bool)
	used     []use
	keys     []string // of data, that the used templates read
}

// use is a rule at one place of a text.
type use struct {
	rule *config.TemplateRule
	expr string
}

func (c *conv) supplied(t kes.Text) *supplied {
	if c.templates == nil && len(c.opts.Settings.Templates) > 0 {
		c.matchTemplates()
	}
	s := &supplied{text: t}
	s.template = func(expr string) (string, bool) {
		if len(c.rules) == 0 {
			return "", false
		}
		normal := lodash.Normal(expr)
		for _, r := range c.rules {
			if r.normal == normal {
				c.templates[r.Pos] = true
				s.used = append(s.used, use{r.TemplateRule, expr})
				return r.Template, true
			}
		}
		return "", false
	}
	return s
}

// matchTemplates finds the rules for the object.
func (c *conv) matchTemplates() {
	list := c.opts.Settings.Templates
	f := store.Facts(need(c.in), c.subject(), c.opts.Settings.Controller)
	for i := range list {
		if r := &list[i]; r.Match.Holds(f) {
			c.rules = append(c.rules, suppliedRule{r, lodash.Normal(r.Expression)})
			if c.templates == nil {
				c.templates = map[manifest.Pos]bool{}
			}
			c.templates[r.Pos] = false
		}
	}
}

// report says which rules were used; false if one can't be.
func (s *supplied) report(c *conv) bool {
	ok := true
	for _, u := range s.used {
		at := s.text.PosAt(strings.Index(s.text.Value, u.expr))
		c.report(rule.SuppliedTemplate, at, "%s: %s is replaced by the template of %s", s.text.Path, shorten(u.expr), u.rule.Pos)
		for _, name := range u.rule.Functions {
			if !c.opts.Profile.HasFunction(name) {
				c.report(rule.TemplateFunction, at, "%s: the template of %s calls %s, which %s", s.text.Path, u.rule.TemplatePos, name, c.lacking())
				ok = false
			}
		}
		keys, all := lodash.Reads(u.rule.Template)
		if all && (len(c.forms) > 0 || len(c.extracts) > 0 || len(c.written) > 0 || len(c.hidden) > 0) {
			c.report(rule.NoEquivalent, at, "%s: the template of %s reads all values at once (. or $), and here ESO fetches others than KES: name the keys that it reads", s.text.Path, u.rule.TemplatePos)
			ok = false
		}
		s.keys = append(s.keys, keys...)
	}
	return ok
}

// lacking says who hasn't got a function.
func (c *conv) lacking() string {
	if v := c.opts.Profile.Version(); v != "" {
		return "not every release of ESO " + v + " has"
	}
	return "not every ESO version has"
}

// ruleFor is a templates rule to be filled in for what was refused: its
// expression is the piece of the text, or all of it where statements are
// refused, or where a rule for the piece isn't enough.
func (s *supplied) ruleFor(c *conv, r *lodash.Refused) string {
	text := s.text.Value
	expr, template := text, "..."
	pieces := lodash.Scan(text)
	i := slices.IndexFunc(pieces, func(e lodash.Expr) bool { return e.Start <= r.Offset && r.Offset < e.End })
	if i >= 0 && pieces[i].Kind != lodash.Evaluate && r.Offset+len(r.Expr) <= pieces[i].End {
		expr = text[pieces[i].Start:pieces[i].End]
		whole := strings.TrimSpace(pieces[i].Code) == r.Expr
		if r.Suggestion != "" && whole && !strings.ContainsAny(r.Suggestion, "$") && !strings.Contains(r.Suggestion, "KEY") {
			template = r.Suggestion
		}
	}
	replaced := func(expr string) bool {
		return slices.ContainsFunc(s.used, func(u use) bool { return u.expr == expr })
	}
	if replaced(expr) {
		if expr, template = text, "..."; replaced(expr) {
			return ""
		}
	}
	match := "name: " + flow(c.in.Ref.Name)
	if c.in.Ref.Namespace != "" {
		match = "namespace: " + flow(c.in.Ref.Namespace) + ", " + match
	}
	return "templates: [{match: {" + match + "}, expression: " + flow(expr) + ", template: " + flow(template) + "}]"
}

// flow writes a YAML string for a flow mapping: JSON is YAML.
func flow(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always can be
	return strings.TrimSuffix(b.String(), "\n")
}
