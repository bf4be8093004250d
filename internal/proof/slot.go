package proof

import (
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/lodash"
)

// slot is one backend value: all that the object reads of it, a background
// and what varies.
type slot struct {
	addr       address
	background string
	variants   []Shape // raw: the whole stored value
}

// use is one reading of a slot.
type use struct {
	item    *kes.Item
	extract bool
}

// slotMaker makes slots out of the uses of one address.
type slotMaker struct {
	g       *generator
	addr    address
	uses    []use
	root    *node
	whole   bool // something reads the document as a whole
	extract bool
	fields  []docField
	shapes  []Shape
}

// docField is a place in a document and the values that it takes.
type docField struct {
	path   []string
	values []Shape
}

func (m *slotMaker) make() slot {
	for _, u := range m.uses {
		m.extract = m.extract || u.extract
		m.whole = m.whole || !u.extract && u.item.Property == nil
	}
	backend := m.g.in.Spec.Backend
	switch {
	case backend == kes.IBMCloudSecretsManager:
		return m.ibm()
	case backend != kes.Vault && !m.extract && !slices.ContainsFunc(m.uses, func(u use) bool { return u.item.Property != nil }):
		return m.text()
	}
	m.root = &node{}
	for _, u := range m.uses {
		if !u.extract && u.item.Property == nil && u.item.IsBinary && !m.g.o.SecretBinary {
			m.g.mixed = m.addr.key + " is read as base64 and as JSON: no everyday value is both"
		}
	}
	for _, u := range m.uses {
		if u.item.Property != nil {
			m.property(u.item, *u.item.Property)
		}
	}
	for _, u := range m.uses {
		if !u.extract && u.item.Property == nil && !u.item.IsBinary {
			m.parsed(m.g.hints[u.item.Name])
		}
	}
	if m.extract || m.whole {
		m.siblings()
	}
	return m.document()
}

// text is a value that is only read as a whole.
func (m *slotMaker) text() slot {
	var shapes []Shape
	for _, u := range m.uses {
		binary := u.item.IsBinary && !m.g.o.SecretBinary
		for _, s := range textShapes(valuesFor(m.g.hints[u.item.Name], binary, m.g.next())) {
			if !slices.ContainsFunc(shapes, func(o Shape) bool { return o.raw == s.raw }) {
				shapes = append(shapes, s)
			}
		}
	}
	// A value that one use reads as base64 and another as text is everyday
	// only where it is for both.
	if slices.ContainsFunc(m.uses, func(u use) bool { return u.item.IsBinary }) && !m.g.o.SecretBinary {
		for i := range shapes {
			shapes[i].Everyday = shapes[i].Everyday && canonical64(shapes[i].raw)
		}
	}
	if m.g.o.SecretBinary {
		shapes = append(shapes, Shape{"bytes", true, "\x00\x01\xff\xfe"})
	}
	return slot{addr: m.addr, background: shapes[0].raw, variants: shapes}
}

func canonical64(s string) bool { return s != "" && encode64(string(nodeBase64(s))) == s }

// property puts a path into the document, its literal form beside it, and
// keys that an unescaped pattern would match first.
func (m *slotMaker) property(it *kes.Item, property string) {
	path := []string{property}
	if !lodash.IsKey(property) {
		if p := lodash.Path(property); len(p) > 0 && !slices.Contains(p, "") {
			path = p
		}
	}
	if slices.ContainsFunc(m.fields, func(f docField) bool { return slices.Equal(f.path, path) }) {
		return
	}
	values := valuesFor(m.g.hints[it.Name], it.IsBinary, m.g.next())
	m.fields = append(m.fields, docField{path, values})
	m.root.put(path, values[0].raw)
	for i, key := range path {
		if decoy := strings.NewReplacer("*", "!", "?", "!").Replace(key); decoy != key {
			m.root.put(append(slices.Clone(path[:i]), decoy), `"decoy"`)
		}
	}
}

// parsed puts in what a template looks for in the document as a whole.
func (m *slotMaker) parsed(h *hint) {
	if h == nil || h.doc == nil || len(h.doc.keys) == 0 {
		return
	}
	n := m.g.next() * 100
	var places []place
	doc := h.doc.build(&n, nil, &places)
	taken := slices.Clone(m.root.keys)
	for i, key := range doc.keys {
		if !slices.Contains(taken, key) {
			m.root.set(key, doc.kids[i])
		}
	}
	for _, p := range places {
		if len(p.path) > 0 && !slices.Contains(taken, p.path[0]) {
			m.fields = append(m.fields, docField{p.path, leafShapes(p)})
		}
	}
}

// siblings are further keys: others write them too, or nobody.
func (m *slotMaker) siblings() {
	own := "own" + m.g.tag(m.addr)
	m.addField(own, nil)
	if !m.extract {
		return
	}
	m.addField("own.too-"+m.g.tag(m.addr), nil)
	if m.g.sources > 1 {
		m.addField(inEverySource, nil)
	}
	for _, key := range m.g.wanted {
		m.addField(key, m.g.hints[key])
	}
}

func (m *slotMaker) addField(key string, h *hint) {
	if m.root.child(key) != nil {
		return
	}
	values := valuesFor(h, false, m.g.next())
	m.fields = append(m.fields, docField{[]string{key}, values})
	m.root.set(key, leaf(values[0].raw))
}

// document renders the background and every variant.
func (m *slotMaker) document() slot {
	vault := m.g.in.Spec.Backend == kes.Vault
	for _, f := range m.fields {
		for _, s := range f.values {
			m.vary(f, s)
		}
		m.spellings(f)
	}
	if m.extract {
		m.shared()
	}
	for _, v := range docVariants(m.root) {
		if !vault || strings.HasPrefix(v.raw, "{") && strings.HasSuffix(v.raw, "}") {
			m.shapes = append(m.shapes, v)
		}
	}
	return slot{addr: m.addr, background: m.root.String(), variants: m.shapes}
}

func (m *slotMaker) vary(f docField, s Shape) {
	d := m.root.clone()
	if s.raw == missing {
		d.drop(f.path)
	} else {
		d.put(f.path, s.raw)
	}
	// Inside a document that is read as a whole, <>& is not everyday.
	if m.whole && strings.ContainsAny(s.raw, "<>&") {
		s.Everyday = false
	}
	s.raw = d.String()
	m.shapes = append(m.shapes, s)
}

// spellings: a literal top-level key instead of the path, and both.
func (m *slotMaker) spellings(f docField) {
	if m.g.in.Spec.Backend == kes.IBMCloudSecretsManager {
		return // secret_data has no other keys
	}
	if len(f.path) == 1 {
		if strings.Contains(f.path[0], ".") && lodash.Path(f.path[0]) != nil && m.isProperty(f.path[0]) {
			d := m.root.clone()
			d.put(lodash.Path(f.path[0]), `"nested"`)
			m.shapes = append(m.shapes, Shape{"literal key and path", false, d.String()})
		}
		return
	}
	for _, u := range m.uses {
		if u.item.Property == nil || !slices.Equal(lodash.Path(*u.item.Property), f.path) {
			continue
		}
		d := m.root.clone()
		d.set(*u.item.Property, leaf(`"literal"`))
		if u.item.IsBinary {
			d.set(*u.item.Property, leaf(`"bGl0ZXJhbA=="`))
		}
		m.shapes = append(m.shapes, Shape{"literal key and path", false, d.String()})
		d = d.clone()
		d.drop(f.path)
		m.shapes = append(m.shapes, Shape{"literal key instead of the path", false, d.String()})
	}
}

func (m *slotMaker) isProperty(key string) bool {
	return slices.ContainsFunc(m.uses, func(u use) bool { return u.item.Property != nil && *u.item.Property == key })
}

// shared are keys that something else writes too, and keys that are none.
func (m *slotMaker) shared() {
	d := m.root.clone()
	for i, key := range m.g.others {
		if d.child(key) == nil {
			d.set(key, leaf(jsonString("shared "+m.g.tag(m.addr)+" "+string(rune('a'+i%26)))))
		}
	}
	m.shapes = append(m.shapes, Shape{"keys that others write too", true, d.String()})
	for _, key := range m.g.others {
		d := m.root.clone()
		d.set(key, leaf(`""`))
		m.shapes = append(m.shapes, Shape{"empty key that others write too", false, d.String()})
	}
	for _, key := range []string{"a b", "a/b", "", "é"} {
		d := m.root.clone()
		d.set(key, leaf(`"odd key"`))
		m.shapes = append(m.shapes, Shape{"key that no Secret can have", false, d.String()})
	}
}
