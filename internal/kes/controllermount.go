package kes

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// mounts reads the volumes of a container.
func (c *Controller) mounts(volumeMounts, volumes *Tree) {
	byName := map[string]*Tree{}
	for _, v := range volumes.Items() {
		byName[v.At("name").Text()] = v
	}
	defer func() {
		slices.SortStableFunc(c.Mounts, func(a, b Mount) int { return strings.Compare(a.Path, b.Path) })
	}()
	for _, m := range volumeMounts.Items() {
		at := m.At("mountPath").Text()
		v := byName[m.At("name").Text()]
		if at == "" || v == nil {
			continue
		}
		for _, s := range sourcesOf(v) {
			if len(c.Mounts) == maxMounts {
				c.Open = append(c.Open, Open{Pos: m.Pos, What: fmt.Sprintf("more than %d files and directories of volumes", maxMounts)})
				return
			}
			s.Path = path.Clean("/" + at)
			if m.At("subPathExpr").Text() != "" {
				c.Open = append(c.Open, Open{Pos: m.Pos, What: fmt.Sprintf("what %s shows: its subPathExpr is known to a running pod only", s.Path)})
				continue
			}
			if s.within(m.At("subPath").Text()) {
				c.Mounts = append(c.Mounts, s)
			}
		}
	}
}

// sourcesOf are the Secrets and ConfigMaps of a volume.
func sourcesOf(v *Tree) []Mount {
	one := func(kind, name string, items *Tree) Mount {
		m := Mount{Kind: kind, Name: name}
		if len(items.Items()) > 0 {
			m.Items = map[string]string{}
			for _, it := range items.Items() {
				m.Items[path.Clean(it.At("path").Text())] = it.At("key").Text()
			}
		}
		return m
	}
	var out []Mount
	if s := v.At("secret"); s != nil {
		out = append(out, one("Secret", s.At("secretName").Text(), s.At("items")))
	}
	if s := v.At("configMap"); s != nil {
		out = append(out, one("ConfigMap", s.At("name").Text(), s.At("items")))
	}
	for _, p := range v.At("projected", "sources").Items() {
		if s := p.At("secret"); s != nil {
			out = append(out, one("Secret", s.At("name").Text(), s.At("items")))
		}
		if s := p.At("configMap"); s != nil {
			out = append(out, one("ConfigMap", s.At("name").Text(), s.At("items")))
		}
	}
	return out
}

// within narrows a mount to a file or a directory of its volume (subPath);
// false where the volume doesn't have it.
func (m *Mount) within(sub string) bool {
	sub = path.Clean(sub)
	switch {
	case sub == ".":
		return true
	case m.Items == nil:
		m.Key = sub
		return !strings.Contains(sub, "/")
	}
	if key, ok := m.Items[sub]; ok {
		m.Key, m.Items = key, nil
		return true
	}
	inner := map[string]string{}
	for file, key := range m.Items {
		if rest, ok := strings.CutPrefix(file, sub+"/"); ok {
			inner[rest] = key
		}
	}
	m.Items = inner
	return len(inner) > 0
}

// holds says which key shows at a path; ok is false where none does.
func (m *Mount) holds(name string) (key string, ok bool) {
	if m.Key != "" {
		return m.Key, m.Path == name
	}
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(m.Path, "/")+"/")
	if !ok {
		return "", false
	}
	if m.Items != nil {
		key, ok = m.Items[rest]
		return key, ok
	}
	return rest, !strings.Contains(rest, "/")
}

// File says which key of which Secret or ConfigMap a path in the container
// shows; ok is false where no mount has it, or where two may. Only the
// innermost mounts count: they hide what is below them.
func (c *Controller) File(name string) (key Key, ok bool) {
	if c == nil || name == "" {
		return Key{}, false
	}
	name = path.Clean(name)
	longest := -1
	for _, m := range c.Mounts {
		if m.Path == name || strings.HasPrefix(name, strings.TrimSuffix(m.Path, "/")+"/") {
			longest = max(longest, len(m.Path))
		}
	}
	var sure, maybe []Key
	for _, m := range c.Mounts {
		if len(m.Path) != longest {
			continue
		}
		k, has := m.holds(name)
		switch key := (Key{Kind: m.Kind, Name: m.Name, Key: k}); {
		case !has:
		case m.Key != "" || m.Items != nil:
			sure = append(sure, key)
		default:
			maybe = append(maybe, key)
		}
	}
	if len(sure) == 0 {
		sure = maybe
	}
	if len(sure) != 1 {
		return Key{}, false
	}
	return sure[0], true
}
