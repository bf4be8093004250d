package convert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/lodash"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
)

// Exact fidelity fetches whole documents, once per key and version, as items
// that don't reach the Secret, and computes from them in templates what KES
// wrote (facts: eso-providers-aws-azure-gcp.md T1, T2). What a reference gives
// unchanged stays a reference.

// form is the actions that leave the bytes of KES in $v.
type form []string

// extract is one dataFrom entry: the item that holds its document, and its
// key, for messages.
type extract struct{ document, key string }

// document is the item with a whole value, fetched when it is first needed.
func (c *conv) document(ref eso.RemoteRef) string {
	if name, ok := c.documents[ref]; ok {
		return name
	}
	name := "kesbridge_doc"
	if n := len(c.documents); n > 0 {
		name += strconv.Itoa(n + 1)
	}
	name = c.hide(name)
	c.documents[ref] = name
	c.out.Data = append(c.out.Data, eso.Data{SecretKey: name, RemoteRef: ref})
	return name
}

// compute gives a key the value that a form makes.
func (c *conv) compute(name string, f form) {
	c.forms[name] = f
	c.write(name, actions(append(slices.Clone(f), "$v")...))
}

// addExact is add in exact fidelity.
func (c *conv) addExact(it *kes.Item, ref eso.RemoteRef, translate translator) {
	switch {
	case it.Property == nil || translate == nil:
	case c.be.provider == property.IBM: // a field, by its name
		if !c.property(it, translate, &ref) {
			return
		}
	case c.emptyProperty(it):
		return
	default:
		c.inherited(it, translate)
		c.addProperty(it, ref, lookups(*it.Property))
		return
	}
	whole := it.Property == nil && c.be.provider == property.Vault
	c.out.Data = append(c.out.Data, eso.Data{SecretKey: it.Name, RemoteRef: ref})
	switch decodes := c.decodes(it); {
	case whole && decodes:
		// JSON text is decoded as it is: KES made garbage of it.
		c.compute(it.Name, append(jsonForm(operand(it.Name)), decodeActions...))
	case whole:
		c.compute(it.Name, jsonForm(operand(it.Name)))
	case decodes:
		c.compute(it.Name, append(form{"$v := " + operand(it.Name)}, decodeActions...))
	}
}

// addProperty reads one value of the document.
func (c *conv) addProperty(it *kes.Item, ref eso.RemoteRef, paths [][]string) {
	c.shapes.property = true
	c.compute(it.Name, propertyForm(operand(c.document(ref)), fmt.Sprintf("%s has no %s", it.Key, *it.Property), paths, c.decodes(it)))
}

// lookups are the attempts of _.hasIn and _.get on the parsed document
// (kv-backend.js:50-70 of KES 8.5.5 with lodash 4.17.21): a literal top-level
// key, then the path.
func lookups(prop string) [][]string {
	paths := [][]string{{prop}}
	if !lodash.IsKey(prop) {
		if p := lodash.Path(prop); len(p) > 0 && !slices.Equal(p, paths[0]) {
			paths = append(paths, p)
		}
	}
	return paths
}

// inherited names what only JavaScript finds; the rest of the lookup is KES's.
func (c *conv) inherited(it *kes.Item, translate translator) {
	p, err := translate(*it.Property)
	if err != nil {
		return
	}
	var notes []string
	for _, n := range p.Notes {
		if n.Kind == property.InheritedMember || n.Kind == property.CharacterIndex {
			notes = append(notes, n.Text)
		}
	}
	if notes != nil {
		c.report(rule.AmbiguousProperty, it.FieldPos("property"), "%s.property %s: %s", it.Path, *it.Property, strings.Join(notes, "; "))
	}
}

// templateFrom writes the keys that aren't known beforehand: extracts in KES's
// order, then what was found by path; later ones win, and the items of data
// over all of them (kv-backend.js:195-199; ESO's ApplyTemplate).
func (c *conv) templateFrom() {
	t := &c.out.Target.Template
	add := func(list ...string) {
		t.TemplateFrom = append(t.TemplateFrom, eso.TemplateFrom{Literal: actions(append(list, mappingActions...)...)})
	}
	for _, e := range c.extracts {
		add(e.actions()...)
	}
	if len(c.hidden) > 0 && len(c.out.DataFrom) > 0 {
		add("$m := dict", fmt.Sprintf("range $k, $x := . }}{{ if not (has $k (list%s)) }}{{ $_ := set $m $k $x }}{{ end }}{{ end", quoteAll(c.hidden)))
	}
}

// unknownKeys reports whether keys are fetched whose names aren't known.
func (c *conv) unknownKeys() bool { return len(c.out.DataFrom) > 0 || len(c.extracts) > 0 }

// dataActions put fetched values as KES had them into $o, for the keys given;
// absent is what to do for a key that may not be there, by its quoted name.
func (c *conv) dataActions(keys []string, absent func(quoted string) string) []string {
	list := []string{"$o := dict"}
	if slices.ContainsFunc(keys, func(k string) bool { return !c.fetches(k) }) {
		const merge = "{{ $_ := set $o $k $x }}{{ end"
		for _, e := range c.extracts {
			list = append(list, e.actions()...)
			list = append(list, "range $k, $x := $m }}"+merge)
		}
		if len(c.out.DataFrom) > 0 {
			list = append(list, "range $k, $x := . }}"+merge)
		}
	}
	for _, k := range keys {
		q := strconv.Quote(k)
		switch f, computed := c.forms[k]; {
		case computed:
			list = append(list, f...)
			list = append(list, "$_ := set $o "+q+" $v")
		case c.fetches(k):
			list = append(list, "$_ := set $o "+q+" "+operand(k))
		case absent != nil:
			list = append(list, "if not (hasKey $o "+q+") }}{{ "+absent(q)+" }}{{ end")
		}
	}
	return list
}

// overData runs a translated template on the values that KES had, where ESO
// itself fetches other ones. In it a key that isn't there is an error, as
// everywhere, or "" for those who ask for that (index); only one of the two
// can be had, since a map of any values prints <no value>.
func (c *conv) overData(out lodash.Translation, keys []string) lodash.Translation {
	needed := slices.ContainsFunc(keys, func(k string) bool {
		return c.forms[k] != nil || !c.fetches(k) && len(c.extracts) > 0
	})
	if !needed {
		return out
	}
	absent := func(q string) string { return "$_ := set $o " + q + ` ""` }
	if strings.Contains(out.Text, "hasKey (fromJson (toRawJson") {
		absent = func(q string) string { return fmt.Sprintf("fail (print %s %q)", q, " is not fetched") }
	}
	defines := out.Text[:out.Defines] + `{{ define "value()" }}` + out.Text[out.Defines:] + "{{ end }}"
	out.Text = defines + "\n" + actions(append(c.dataActions(keys, absent), `template "value()" $o`)...)
	out.Defines = len(defines)
	return out
}

// operand names a fetched key inside of an action.
func operand(key string) string {
	if r := reference(key); strings.HasPrefix(r, ".") {
		return r
	} else {
		return "(" + r + ")"
	}
}

func quoteAll(list []string) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(" " + strconv.Quote(s))
	}
	return b.String()
}
