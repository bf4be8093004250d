package convert

import (
	"regexp"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
)

// dataFrom converts dataFrom and then dataFromWithOptions: later ones win in
// both (kv-backend.js:195-199; ESO MergeByteMap).
func (c *conv) dataFrom() {
	s := &c.in.Spec
	var items []kes.Item
	for _, key := range s.DataFrom {
		items = append(items, kes.Item{Path: key.Path, Pos: key.Pos, Key: key.Value})
	}
	items = append(items, s.DataFromWithOptions...)
	for i := range items {
		it := &items[i]
		if c.be.noExtract != "" {
			c.report(rule.NeverWorked, it.Pos, "%s: %s", it.Path, c.be.noExtract)
			continue
		}
		if it.Key == "" {
			c.report(rule.NeverWorked, it.Pos, "%s has an empty key", it.Path)
			continue
		}
		// isBinary is passed on as a key option that nothing reads
		// (kv-backend.js:121-133), so nothing is decoded here.
		ref, ok := c.be.remote(c, it)
		switch {
		case !ok:
			continue
		case c.exact:
			c.extracts = append(c.extracts, extract{c.document(ref), it.Key})
		default:
			c.out.DataFrom = append(c.out.DataFrom, eso.DataFrom{Extract: &ref})
			c.stringsOnly(it)
		}
		c.shapes.extract = true
	}
}

// stringsOnly: Akeyless's extract before ESO 2.8 and Alibaba's in every
// version read the document into a map of strings (akeyless.go and kms.go,
// GetSecretMap) and fail on anything else.
func (c *conv) stringsOnly(it *kes.Item) {
	version := c.opts.Profile.Version()
	switch c.in.Spec.Backend {
	case kes.Akeyless:
		if version != "" && !older(version, 2, 8) {
			return
		}
	case kes.AlicloudSecretsManager:
	default:
		return
	}
	c.report(rule.StringsOnly, it.Pos, "%s: ESO (for Akeyless before 2.8) fails on a document with a value that isn't a string; KES took numbers, booleans and objects", it.Path)
}

// data converts spec.data. ESO's webhook refuses a repeated secretKey, so of
// repeated names only the last is converted; it wins in KES too.
func (c *conv) data() {
	last := map[string]int{}
	for i := range c.in.Spec.Data {
		if it := &c.in.Spec.Data[i]; it.FromPath == "" {
			if j, ok := last[it.Name]; ok {
				c.report(rule.RepeatedName, c.in.Spec.Data[j].Pos, "%s writes the key %s, and so does %s, which wins", c.in.Spec.Data[j].Path, it.Name, it.Path)
			}
			last[it.Name] = i
		}
	}
	for i := range c.in.Spec.Data {
		it := &c.in.Spec.Data[i]
		switch {
		case it.FromPath != "" || it.Has("path"):
			c.byPath(it)
		case last[it.Name] == i:
			c.byKey(it)
		}
	}
}

func (c *conv) byPath(it *kes.Item) {
	switch {
	case it.FromPath == "":
		// An empty path is falsy: KES goes on with key, which isn't there.
		c.report(rule.NeverWorked, it.Pos, "%s has an empty path: KES then asked for a key, which it doesn't have", it.Path)
	case c.be.path == nil:
		c.report(rule.NeverWorked, it.FieldPos("path"), "%s.path: KES reads paths only from systemManager; here every poll failed (_getByPath not implemented)", it.Path)
	case it.Property != nil:
		c.report(rule.DroppedItem, it.FieldPos("property"), "%s has property next to path: KES can't parse the result as JSON and leaves the item out", it.Path)
	default:
		c.be.path(c, it)
	}
}

// secretKey is the CRD's pattern of data[].secretKey, which is the API
// server's of a Secret's keys.
var secretKey = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)

func (c *conv) byKey(it *kes.Item) {
	if !secretKey.MatchString(it.Name) || len(it.Name) > 253 || it.Name == "." || it.Name == ".." {
		c.report(rule.NeverWorked, it.FieldPos("name"), "%s.name %q can't be a key of a Secret: the API server refused the Secret", it.Path, it.Name)
		return
	}
	if it.Key == "" {
		c.report(rule.NeverWorked, it.FieldPos("key"), "%s has an empty key", it.Path)
		return
	}
	if c.be.item != nil {
		c.be.item(c, it)
		return
	}
	if ref, ok := c.be.remote(c, it); ok {
		c.add(it, ref, c.translate)
	}
}

// translator makes an ESO property of a lodash path; nil takes the whole.
type translator func(path string) (property.Path, error)

func (c *conv) translate(path string) (property.Path, error) {
	return property.Translate(c.be.provider, path)
}

// add appends a data entry: the backend gave key and version, property and
// decoding are alike in all of them.
func (c *conv) add(it *kes.Item, ref eso.RemoteRef, translate translator) {
	if c.exact {
		c.addExact(it, ref, translate)
		return
	}
	if it.Property != nil && translate != nil && !c.property(it, translate, &ref) {
		return
	}
	c.decode(it, &ref)
	c.out.Data = append(c.out.Data, eso.Data{SecretKey: it.Name, RemoteRef: ref})
}

// property translates a lodash path (kv-backend.js:50-70).
func (c *conv) property(it *kes.Item, translate translator, ref *eso.RemoteRef) bool {
	path, pos := *it.Property, it.FieldPos("property")
	if c.emptyProperty(it) {
		return false
	}
	p, err := translate(path)
	if err != nil {
		c.report(rule.NoEquivalent, pos, "%s.property: %v", it.Path, err)
		return false
	}
	var notes []string
	r := rule.AmbiguousProperty
	for _, n := range p.Notes {
		if n.Kind == property.LiteralUnread {
			r.Severity = manifest.Warning
		}
		notes = append(notes, n.Text)
	}
	if notes != nil {
		c.report(r, pos, "%s.property %s: %s", it.Path, path, strings.Join(notes, "; "))
	}
	ref.Property = p.ESO
	c.shapes.property = true
	return true
}

func (c *conv) emptyProperty(it *kes.Item) bool {
	if *it.Property != "" {
		return false
	}
	c.report(rule.NeverWorked, it.FieldPos("property"), "%s.property is empty: KES looked for a key without a name; ESO would take the whole value", it.Path)
	return true
}

// decode: Buffer.from(text, 'base64') for strings (kv-backend.js:72-80).
func (c *conv) decode(it *kes.Item, ref *eso.RemoteRef) {
	if c.decodes(it) {
		ref.Decode = "Base64"
		c.shapes.binary = true
	}
}

// decodes reports whether KES decoded the item's value.
func (c *conv) decodes(it *kes.Item) bool {
	if it.IsBinary && c.in.Spec.Backend == kes.SecretsManager && it.Property == nil {
		if c.choice.Rule != nil && c.choice.Rule.SecretBinary {
			return false // the SDK's Buffer isn't a string: KES decoded nothing
		}
		c.report(rule.SecretBinary, it.FieldPos("isBinary"), "%s: isBinary is right for a SecretString; if AWS holds a SecretBinary, ESO fails or decodes it twice", it.Path)
	}
	return it.IsBinary
}
