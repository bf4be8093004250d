package proof

import (
	"encoding/base64"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"kesbridge/internal/kes"
)

// kesSim is KES 8.5.5 with one ExternalSecret.
type kesSim struct {
	in        *kes.ExternalSecret
	data      []fetchItem
	dataFrom  []fetchItem
	templates []kesText
	// unsure says why no case can be simulated.
	unsure string
	// calm is an engine for fetching, and for code that leaves it as it was.
	calm *engine
	// restless: some code may not.
	restless bool
	// parts are what items gave before, by item and by what was stored.
	parts map[partKey]part
}

// fetchItem is an item with what it asks the backend for.
type fetchItem struct {
	item *kes.Item
	addr address
	err  error
}

// kesText is a string below template, compiled.
type kesText struct {
	section string // labels, annotations, data, stringData; "" for others
	text    kes.Text
	source  string
	err     error
	code    []string
}

func newKESSim(in *kes.ExternalSecret) *kesSim {
	k := &kesSim{in: in, calm: newEngine()}
	items := make([]kes.Item, 0, len(in.Spec.DataFrom))
	for _, key := range in.Spec.DataFrom {
		items = append(items, kes.Item{Key: key.Value, Path: key.Path})
	}
	items = append(items, in.Spec.DataFromWithOptions...)
	for i := range items {
		k.dataFrom = append(k.dataFrom, k.item(&items[i]))
	}
	for i := range in.Spec.Data {
		k.data = append(k.data, k.item(&in.Spec.Data[i]))
	}
	k.prepare()
	return k
}

func (k *kesSim) item(it *kes.Item) fetchItem {
	f := fetchItem{item: it}
	if it.FromPath == "" {
		f.addr, f.err = kesAddress(&k.in.Spec, it)
	} else if k.in.Spec.Backend != kes.SystemManager {
		f.err = failf("_getByPath not implemented")
	}
	if u := (*unsureError)(nil); errors.As(f.err, &u) && k.unsure == "" {
		k.unsure = u.why
	}
	return f
}

// prepare compiles the texts in the order in which KES meets them: the API
// server gives it the object with sorted keys, JavaScript puts integer-like
// ones first (lib/utils.js:7-21).
func (k *kesSim) prepare() {
	t := &k.in.Spec.Template
	add := func(section string, list []kes.Text) {
		for _, text := range list {
			c := kesText{section: section, text: text}
			c.source, c.code = lodashSource(text.Value)
			why, err := examine(c.source, c.code)
			if c.err = err; why != "" && k.unsure == "" {
				k.unsure = text.Path + ": " + why
			}
			k.restless = k.restless || len(c.code) > 0 && !calm(c.source)
			k.templates = append(k.templates, c)
		}
	}
	add("data", sortedTexts(t.Data))
	add("annotations", sortedTexts(t.Annotations))
	add("labels", sortedTexts(t.Labels))
	add("stringData", sortedTexts(t.StringData))
	add("", t.Other)
	if _, code := lodashSource(k.in.Spec.Type); len(code) > 0 && k.unsure == "" {
		k.unsure = "spec.template.type: an expression in it is run, and its result is not used"
	}
}

func sortedTexts(list []kes.Text) []kes.Text {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b kes.Text) int { return compareKeys(a.Key, b.Key) })
	return list
}

// compareKeys is the order of a JavaScript object read from sorted JSON.
func compareKeys(a, b string) int {
	x, y := arrayIndex(a), arrayIndex(b)
	switch {
	case x >= 0 && y >= 0:
		return x - y
	case x >= 0:
		return -1
	case y >= 0:
		return 1
	}
	return strings.Compare(a, b)
}

// arrayIndex is the number that a key stands for, or -1.
func arrayIndex(s string) int {
	if s == "" || len(s) > 10 || len(s) > 1 && s[0] == '0' {
		return -1
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	if n > 1<<32-2 {
		return -1
	}
	return n
}

// sync is one poll (poller.js _createSecretManifest) and what the API server
// makes of it.
func (k *kesSim) sync(s *backend) (res result) {
	defer func() {
		if u := (*unsureError)(nil); errors.As(res.err, &u) {
			res = result{unsure: u.why, fatal: u.fatal}
		}
	}()
	e := k.calm.again()
	if k.restless {
		e = newEngine()
	}
	entries, err := k.fetchAll(s)
	if err != nil {
		return result{err: err}
	}
	data := make(map[string][]byte, len(entries))
	for _, x := range entries {
		data[x.name] = x.value
	}
	texts, err := k.render(e, entries)
	if err != nil {
		return result{err: err}
	}
	sec, err := k.assemble(data, texts)
	if err != nil {
		return result{err: err}
	}
	return result{secret: sec}
}

// render compiles every text below template with the fetched values.
func (k *kesSim) render(e *engine, entries []entry) ([]any, error) {
	var sources []any
	out := make([]any, len(k.templates))
	var at []int
	for i, t := range k.templates {
		if t.source == "" {
			out[i] = t.text.Value
			continue
		}
		if t.err != nil {
			return nil, t.err
		}
		sources = append(sources, t.source)
		at = append(at, i)
	}
	if len(sources) == 0 {
		return out, nil
	}
	return out, e.bounded(func() error {
		v, err := e.render(goja.Undefined(), entryList(e, entries), e.vm.NewArray(sources...))
		if err != nil {
			return err
		}
		o := v.ToObject(e.vm)
		for n, i := range at {
			if out[i], err = plainText(o.Get(strconv.Itoa(n))); err != nil {
				return err
			}
		}
		return nil
	})
}

// plainText is the string that a template returned; nil for undefined.
func plainText(v goja.Value) (any, error) {
	switch {
	case goja.IsUndefined(v):
		return nil, nil // JSON.stringify leaves it out
	case goja.IsString(v):
		if v.(goja.String).Length() > maxOutput {
			return nil, &unsureError{why: "a template's result is too long", fatal: true}
		}
		return v.String(), nil
	case goja.IsNull(v):
		return nil, &unsureError{why: "a template returns null"}
	}
	return nil, failf("the API server refuses a template's result that isn't a string")
}

// assemble merges what was fetched over the template (poller.js:114-116) and
// does what the API server does: base64 of data, stringData over data.
func (k *kesSim) assemble(data map[string][]byte, texts []any) (*secret, error) {
	s := &secret{data: map[string][]byte{}, kind: k.in.Spec.Type, labels: map[string]string{}, annotations: map[string]string{}}
	if s.kind == "" {
		s.kind = "Opaque"
	}
	for i, t := range k.templates {
		text, ok := texts[i].(string)
		if !ok {
			continue
		}
		switch t.section {
		case "labels":
			s.labels[t.text.Key] = text
		case "annotations":
			s.annotations[t.text.Key] = text
		case "data":
			if _, fetched := data[t.text.Key]; fetched {
				continue
			}
			b, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				return nil, failf("the API server refuses data.%s: not base64", t.text.Key)
			}
			s.data[t.text.Key] = b
		}
	}
	for key, b := range data {
		s.data[key] = b
	}
	for i, t := range k.templates {
		if text, ok := texts[i].(string); ok && t.section == "stringData" {
			s.data[t.text.Key] = []byte(text)
		}
	}
	return s, s.admit()
}
