package store

import (
	"slices"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

// variable is what Git tells of one variable of KES.
type variable struct {
	name string
	// value stands in Git and isn't empty.
	value string
	// key is the Secret's or ConfigMap's that has the value.
	key kes.Key
	// plain: a secret stands in Git in plain text.
	plain bool
	// hidden says why a value that is set isn't known.
	hidden string
	pos    manifest.Pos
	// open: it isn't in Git, and may be set all the same.
	open bool
}

// set reports whether KES has it.
func (v variable) set() bool { return v.value != "" || v.key.Name != "" || v.plain || v.hidden != "" }

// look is what Git tells of a variable. KES takes empty text for unset.
func (b *builder) look(name string) variable {
	v := variable{name: name}
	c := b.KES
	if c == nil {
		v.open = true
		return v
	}
	v.value, v.key, v.plain, v.pos = c.Env[name], c.Refs[name], slices.Contains(c.Plain, name), c.Places[name]
	if v.plain {
		v.value = "" // whatever else says so, a secret is never printed
	}
	if _, given := c.Env[name]; given || v.set() {
		return v
	}
	for _, o := range c.Open {
		if o.Variable == name {
			v.hidden = o.What
			return v
		}
	}
	v.open = b.open() != ""
	return v
}

// open says why KES may have variables that aren't in Git; empty where it
// can't.
func (b *builder) open() string {
	if b.KES == nil || b.KES.Pos.IsZero() {
		return "KES's Deployment isn't known"
	}
	for _, o := range b.KES.Open {
		if o.Variable == "" {
			return o.What
		}
	}
	return ""
}

// optional looks at a variable that the store does without where KES has none;
// where Git doesn't tell, that is noted once for all of them.
func (b *builder) optional(name string) variable {
	v := b.look(name)
	if v.open && !slices.Contains(b.doubts, name) {
		b.doubts = append(b.doubts, name)
	}
	return v
}

// where says why a variable's value isn't known.
func (b *builder) where(v variable) string {
	switch {
	case v.plain:
		return v.name + " of KES holds a secret"
	case v.hidden != "":
		return v.name + " of KES isn't in Git: " + strings.TrimPrefix(v.hidden, v.name+": ")
	case v.key.Name != "":
		return v.name + " of KES is key " + v.key.Key + " of " + v.key.Kind + " " + v.key.Name + ", which isn't in Git"
	case !v.open:
		return v.name + " isn't set for KES"
	case b.KES == nil || b.KES.Pos.IsZero():
		return v.name + " of KES isn't known; say where KES's settings are (controller in kesbridge.yaml)"
	}
	return v.name + " of KES isn't in Git: " + b.open()
}
