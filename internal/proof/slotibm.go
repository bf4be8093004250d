package proof

import (
	"slices"

	"kesbridge/internal/lodash"
)

// ibm makes secret_data of each type. Only kv holds other values than text.
func (m *slotMaker) ibm() slot {
	m.root = &node{}
	switch m.addr.version {
	case "iam_credentials":
		return slot{addr: m.addr, background: "key-" + m.g.tag(m.addr), variants: onlyText(textShapes(jsonShapes))}
	case "username_password":
		// In which order the service sends them is not known; a conversion of
		// the whole says so itself, the other order is a shape of its own.
		m.root.ordered = true
		m.textField("username")
		m.textField("password")
	case "imported_cert", "public_cert":
		m.textField("certificate")
		m.textField("intermediate")
		m.textField("private_key")
	case "private_cert":
		m.textField("certificate")
		m.textField("private_key")
	case "kv":
		m.kv()
	default:
		m.textField("payload")
	}
	return m.document()
}

// onlyText: values that are text in IBM's service.
func onlyText(from []Shape) []Shape {
	return slices.DeleteFunc(slices.Clone(from), func(s Shape) bool { return s.Name == "bytes that aren't UTF-8" })
}

func (m *slotMaker) textField(key string) {
	binary := false
	var h *hint
	for _, u := range m.uses {
		if u.item.Property != nil && *u.item.Property == key {
			binary = binary || u.item.IsBinary
			h = m.g.hints[u.item.Name]
		}
	}
	var values []Shape
	for _, s := range valuesFor(h, binary, m.g.next()) {
		if _, ok := unquoteJSON(s.raw); ok || s.raw == missing {
			values = append(values, s)
		}
	}
	m.fields = append(m.fields, docField{[]string{key}, values})
	m.root.set(key, leaf(values[0].raw))
}

func (m *slotMaker) kv() {
	for _, u := range m.uses {
		if u.item.Property == nil {
			continue
		}
		path := lodash.Path(*u.item.Property)
		if len(path) < 2 || path[0] != "payload" {
			continue
		}
		if !slices.ContainsFunc(m.fields, func(f docField) bool { return slices.Equal(f.path, path) }) {
			values := valuesFor(m.g.hints[u.item.Name], u.item.IsBinary, m.g.next())
			m.fields = append(m.fields, docField{path, values})
			m.root.put(path, values[0].raw)
		}
	}
	path := []string{"payload", "own" + m.g.tag(m.addr)}
	values := valuesFor(nil, false, m.g.next())
	m.root.put(path, values[0].raw)
	if m.whole || slices.ContainsFunc(m.uses, func(u use) bool { return u.item.Property != nil && *u.item.Property == "payload" }) {
		m.whole = true
		m.fields = append(m.fields, docField{path, values})
	}
}
