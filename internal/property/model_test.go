package property

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// read looks a remoteRef.property up in a document with the real gjson, in the
// words of each provider of ESO v2.9.0 (files: see Provider).
func read(p Provider, doc, property string) (value string, ok bool) {
	switch p {
	case AWS, Akeyless: // strings.Contains(property, ".")
		return rawValue(literalFirst(doc, property, -1))
	case GCP, IBM: // strings.Index(property, ".") > 0
		return rawValue(literalFirst(doc, property, 0))
	case Azure:
		res := gjson.Get(doc, property)
		if !res.Exists() && strings.Contains(property, ".") {
			res = gjson.Get(doc, strings.ReplaceAll(property, ".", "\\."))
		}
		return rawValue(res)
	case Vault:
		var data map[string]any
		if json.Unmarshal([]byte(doc), &data) != nil {
			return "", false
		}
		text, err := json.Marshal(data)
		if err != nil {
			return "", false
		}
		if v, ok := data[property]; ok {
			one, err := json.Marshal(v)
			return string(one), err == nil
		}
		return rawValue(gjson.Get(string(text), property))
	case Alibaba:
		return rawValue(gjson.Get(doc, property))
	}
	panic("unknown provider " + p)
}

func literalFirst(doc, property string, after int) gjson.Result {
	if strings.Index(property, ".") > after {
		if res := gjson.Get(doc, strings.ReplaceAll(property, ".", "\\.")); res.Exists() {
			return res
		}
	}
	return gjson.Get(doc, property)
}

// rawValue gives the JSON text of what was selected. How ESO prints it is no
// matter of the path, except that a string's text must survive unchanged.
func rawValue(res gjson.Result) (string, bool) {
	if !res.Exists() {
		return "", false
	}
	if res.Type == gjson.String {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if enc.Encode(res.String()) != nil {
			return "", false
		}
		return b.String(), true
	}
	return res.Raw, true
}

// sameJSON compares two JSON texts by value.
func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}

// providers that a document can come from: Vault and IBM always hold objects.
func providersOf(doc string) []Provider {
	all := []Provider{AWS, GCP, Azure, Akeyless, Alibaba}
	if strings.HasPrefix(doc, "{") {
		all = append(all, Vault, IBM)
	}
	return all
}
