package manifest

// Map is an object with ordered keys, as it will be printed. Values are
// string, bool, int, int64, []any, []string or Map; nothing else is printed.
type Map []Field

// Field is one key of a Map.
type Field struct {
	Key   string
	Value any
}

// Get returns the value at a key, or nil.
func (m Map) Get(key string) any {
	for _, f := range m {
		if f.Key == key {
			return f.Value
		}
	}
	return nil
}

// At follows keys through nested Maps; nil where the way ends.
func (m Map) At(keys ...string) any {
	var v any = m
	for _, k := range keys {
		mm, ok := v.(Map)
		if !ok {
			return nil
		}
		v = mm.Get(k)
	}
	return v
}

// Set replaces the value at a key, or appends it.
func (m *Map) Set(key string, value any) {
	for i := range *m {
		if (*m)[i].Key == key {
			(*m)[i].Value = value
			return
		}
	}
	*m = append(*m, Field{key, value})
}
