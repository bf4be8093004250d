package survey

import (
	"path"
	"slices"

	"kesbridge/internal/kes"
)

// chartKeys are the keys below which the values of a chart in a directory have
// those of KES's chart: "" where it is that chart itself.
func (s *reading) chartKeys(dir string) (keys []string, ok bool) {
	docs, err := s.documents(path.Join(dir, "Chart.yaml"))
	if err != nil || len(docs) == 0 {
		return nil, false
	}
	if docs[0].At("name").Text() == kes.ChartName {
		return []string{""}, true
	}
	deps := docs[0].At("dependencies").Items()
	if more, err := s.documents(path.Join(dir, "requirements.yaml")); err == nil && len(more) > 0 {
		deps = append(slices.Clone(deps), more[0].At("dependencies").Items()...)
	}
	for _, d := range deps {
		if d.At("name").Text() != kes.ChartName {
			continue
		}
		key := kes.ChartName
		if alias := d.At("alias").Text(); alias != "" {
			key = alias
		}
		keys = append(keys, key)
	}
	return keys, true
}

// ownKeys are keys of KES's chart that tell something of how KES works.
var ownKeys = []string{"env", "envVarsFromSecret", "envVarsFromConfigMap", "envFrom", "filesFromSecret", "serviceAccount"}

// values reads a file of values. Beside a chart's Chart.yaml it is laid over
// the chart's values.yaml.
func (s *reading) values(name string, v *kes.Tree, asked bool) []candidate {
	dir := path.Dir(name)
	keys, chart := s.chartKeys(dir)
	files := []string{name}
	var own *kes.Tree
	switch base := path.Join(dir, "values.yaml"); {
	case chart && base == name:
		own, v = v, nil
	case chart:
		if docs, err := s.documents(base); err == nil && len(docs) == 1 {
			own, files = docs[0], append(files, base)
		}
	}
	at := own
	if v != nil {
		at = v
	}
	switch {
	case len(keys) > 0:
	case at.At(kes.ChartName).IsMapping():
		keys = []string{kes.ChartName}
	case asked && slices.ContainsFunc(ownKeys, func(k string) bool { return at.At(k) != nil }):
		keys = []string{""}
	}
	var out []candidate
	for _, key := range keys {
		ch := &kes.Chart{Pos: at.Pos, Own: below(own, key), Values: []*kes.Tree{below(v, key)}}
		c := candidate{Controller: ch.Controller(), what: "values of chart " + kes.ChartName, files: files}
		if key != "" {
			c.names = []string{key}
		} else {
			c.names = []string{kes.ChartName}
		}
		if chart {
			c.dir = dir
		}
		out = append(out, c)
	}
	return out
}

func below(t *kes.Tree, key string) *kes.Tree {
	if key == "" {
		return t
	}
	return t.At(key)
}
