package convert

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/lodash"
	"kesbridge/internal/manifest"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
)

// ibm: IBM Cloud Secrets Manager. KES's value is always JSON text of
// secret_data, for iam_credentials of api_key
// (lib/backends/ibmcloud-secrets-manager-backend.js:49-69 of 8.5.5). ESO's
// key is [group/]type/nameOrId, and what it gives depends on the type
// (ibm/provider.go parseSecretReference and GetSecret, v0.9.20-v2.9.0).
func ibm() backend {
	return backend{
		provider:   property.IBM,
		itemFields: []string{"secretType"},
		specFields: []string{"keyByName"},
		noExtract:  "KES asks IBM Cloud without a secret type, which its SDK refuses, so dataFrom never worked with this backend",
		item:       (*conv).ibmItem,
	}
}

func (c *conv) ibmItem(it *kes.Item) {
	if it.SecretType == "" {
		c.report(rule.NeverWorked, it.Pos, "%s has no secretType, without which KES's SDK refuses the request", it.Path)
		return
	}
	key, ok := c.ibmKey(it)
	if !ok {
		return
	}
	switch it.SecretType {
	case "username_password":
		c.ibmFields(it, key, "username", "password")
	case "imported_cert", "public_cert":
		c.ibmFields(it, key, "certificate", "intermediate", "private_key")
	case "private_cert":
		c.ibmFields(it, key, "certificate", "private_key")
	case "iam_credentials":
		if it.Property != nil {
			c.report(rule.NeverWorked, it.FieldPos("property"), "%s: iam_credentials is one string; KES found no property in it", it.Path)
			return
		}
		// KES stringifies the bare string: its value has quotes.
		c.ibmWritten(it, key, "{{ %s | toRawJson }}", func(x string) form { return form{"$v := " + x + " | " + unescaped} })
	case "arbitrary", "kv":
		c.ibmPayload(it, key)
	default:
		c.report(rule.NoEquivalent, it.FieldPos("secretType"), "%s.secretType %s: no ESO form of this type is known that gives KES's bytes", it.Path, it.SecretType)
	}
}

// uuid is what ESO takes for an id (uuid.Parse of the canonical form).
var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// ibmKey builds [group/]type/nameOrId.
func (c *conv) ibmKey(it *kes.Item) (string, bool) {
	isID := uuid.MatchString(it.Key)
	if !c.in.Spec.KeyByName {
		if !isID {
			c.report(rule.NeverWorked, it.FieldPos("key"), "%s.key %s is no secret id (a UUID), and keyByName is not set; ESO would look it up by name", it.Path, it.Key)
			return "", false
		}
		return it.SecretType + "/" + it.Key, true
	}
	switch group := c.opts.Settings.IBMGroup; {
	case isID:
		c.report(rule.NoEquivalent, it.FieldPos("key"), "%s.key %s is a name that looks like an id; ESO would read it as an id", it.Path, it.Key)
	case strings.Contains(it.Key, "/"):
		c.report(rule.NoEquivalent, it.FieldPos("key"), "%s.key %s: ESO splits names at the slash", it.Path, it.Key)
	case group == "":
		c.report(rule.IBMGroup, it.FieldPos("key"), "%s.key %s is a name; ESO also needs the secret group that holds it", it.Path, it.Key)
	default:
		return group + "/" + it.SecretType + "/" + it.Key, true
	}
	return "", false
}

// ibmFields: ESO reads one field of these types by property, never the whole.
func (c *conv) ibmFields(it *kes.Item, key string, fields ...string) {
	switch {
	case it.Property == nil && it.SecretType == "username_password" && !it.IsBinary:
		c.ibmWholeLogin(it, key)
	case it.Property == nil:
		c.report(rule.NoEquivalent, it.Pos, "%s: KES wrote all parts of the %s as one JSON object; which ones the secret has can't be known here", it.Path, it.SecretType)
	case slices.Contains(fields, *it.Property):
		c.add(it, eso.RemoteRef{Key: key}, c.translate)
	default:
		c.report(rule.NeverWorked, it.FieldPos("property"), "%s.property %s: a %s has only %s, so every poll of KES failed", it.Path, *it.Property, it.SecretType, strings.Join(fields, ", "))
	}
}

// ibmWholeLogin spells out the object that KES wrote; two hidden items fetch
// its fields. The order of the fields is the server's, which is not proven.
func (c *conv) ibmWholeLogin(it *kes.Item, key string) {
	user, pass := c.hide(it.Name+".username"), c.hide(it.Name+".password")
	c.out.Data = append(c.out.Data,
		eso.Data{SecretKey: user, RemoteRef: eso.RemoteRef{Key: key, Property: "username"}},
		eso.Data{SecretKey: pass, RemoteRef: eso.RemoteRef{Key: key, Property: "password"}})
	if c.exact {
		c.compute(it.Name, form{fmt.Sprintf("$v := print `{\"username\":` (%s | %s) `,\"password\":` (%s | %s) `}`", reference(user), unescaped, reference(pass), unescaped)})
	} else {
		c.write(it.Name, fmt.Sprintf(`{"username":{{ %s | toRawJson }},"password":{{ %s | toRawJson }}}`, reference(user), reference(pass)))
	}
	c.report(rule.FieldOrder, it.Pos, "%s: KES wrote username and password as one JSON object in the order in which IBM Cloud sent them; here username comes first", it.Path)
}

// ibmPayload: KES's value is {"payload": ...}; ESO's is what is inside.
func (c *conv) ibmPayload(it *kes.Item, key string) {
	kv := it.SecretType == "kv"
	c.shapes.ibmKV = c.shapes.ibmKV || kv
	if it.Property == nil {
		c.ibmWholePayload(it, key, kv)
		return
	}
	segments := lodash.Path(*it.Property)
	switch {
	case len(segments) == 0 || segments[0] != "payload":
		c.report(rule.NeverWorked, it.FieldPos("property"), "%s.property %s: the value of a secret of type %s has only payload, so every poll of KES failed", it.Path, *it.Property, it.SecretType)
	case len(segments) == 1 && kv && c.exact:
		// An object: isBinary has no effect.
		c.out.Data = append(c.out.Data, eso.Data{SecretKey: it.Name, RemoteRef: eso.RemoteRef{Key: key}})
		c.compute(it.Name, jsonForm(operand(it.Name)))
	case len(segments) == 1:
		c.add(it, eso.RemoteRef{Key: key}, nil)
	case !kv:
		c.report(rule.NeverWorked, it.FieldPos("property"), "%s.property %s: the payload of an arbitrary secret is text, so every poll of KES failed", it.Path, *it.Property)
	default:
		below := func(path string) (property.Path, error) {
			return property.TranslateBelow(property.IBM, "payload", path)
		}
		if c.exact {
			c.inherited(it, below)
			c.addProperty(it, eso.RemoteRef{Key: key}, [][]string{segments[1:]})
			return
		}
		c.add(it, eso.RemoteRef{Key: key}, below)
	}
}

// ibmWholePayload: ESO's value of a kv secret is JSON text, of an arbitrary
// one the payload itself.
func (c *conv) ibmWholePayload(it *kes.Item, key string, kv bool) {
	natural, json := `{"payload":{{ %s | toRawJson }}}`, func(x string) form { return form{"$v := " + x + " | " + unescaped} }
	if kv {
		natural, json = `{"payload":{{ %s | mustFromJson | toRawJson }}}`, jsonForm
	}
	c.ibmWritten(it, key, natural, func(x string) form {
		return append(json(x), "$v = print `{\"payload\":` $v `}`")
	})
}

// ibmWritten fetches the whole value and writes it through a template, in
// which %s stands for the fetched value; in exact fidelity through a form.
func (c *conv) ibmWritten(it *kes.Item, key, natural string, exact func(value string) form) {
	if it.IsBinary {
		c.report(rule.NoEquivalent, it.FieldPos("isBinary"), "%s: KES decoded the JSON text of the secret as base64, which gives garbage", it.Path)
		return
	}
	c.out.Data = append(c.out.Data, eso.Data{SecretKey: it.Name, RemoteRef: eso.RemoteRef{Key: key}})
	if c.exact {
		c.compute(it.Name, exact(operand(it.Name)))
		return
	}
	c.write(it.Name, fmt.Sprintf(natural, reference(it.Name)))
}

// write sets the template of a key whose value no reference gives.
func (c *conv) write(key, text string) {
	c.written = append(c.written, manifest.Field{Key: key, Value: text})
}

// hide names an item that is fetched only for a template, clear of the names
// that the resource uses.
func (c *conv) hide(name string) string {
	taken := func(n string) bool {
		return slices.Contains(c.hidden, n) ||
			slices.ContainsFunc(c.in.Spec.Data, func(it kes.Item) bool { return it.Name == n })
	}
	for taken(name) {
		name += "_"
	}
	c.hidden = append(c.hidden, name)
	return name
}
