package pipeline

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"

	"kesbridge/internal/access"
	"kesbridge/internal/convert"
	"kesbridge/internal/cutover"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// wants notes a resource whose store the output is to hold.
func (o *Output) wants(obj *manifest.Object, es *kes.ExternalSecret, res convert.Result, final bool) {
	if !o.opts.EmitStores || !res.Store.Derived {
		return
	}
	when, _ := phaseOf(notesOf(res.ESO.Annotations))
	ref := obj.Ref
	ref.Namespace = cmp.Or(ref.Namespace, o.opts.Namespace)
	o.wanted = append(o.wanted, store.Use{
		Need: res.Need, Choice: res.Store, Ref: ref, Pos: obj.Pos, App: o.opts.App, Cluster: o.opts.Settings.Cluster,
		ControllerID: es.Spec.ControllerID, Wave: Wave(res.ESO.Annotations), Early: when == beforeSync, Late: when == afterSync, Final: final, KES: o.opts.KES, Profile: o.opts.Profile,
	})
}

// Stores plans the stores that the output is to hold and doesn't, each in an
// earlier sync wave than the resources that use it; nil: none. Call it before
// Close.
func (o *Output) Stores(ctx context.Context) (*manifest.Plan, error) {
	var text bytes.Buffer
	for i, m := range o.stores() {
		if i > 0 {
			text.WriteString("---\n")
		}
		text.Write(manifest.PrintYAML(m))
	}
	if text.Len() == 0 {
		return nil, nil
	}
	t := &manifest.Transformer{}
	return t.Plan(ctx, manifest.Input{Name: "stores of kesbridge", R: bytes.NewReader(text.Bytes())})
}

func (o *Output) stores() []manifest.Map {
	var out []manifest.Map
	for _, s := range store.Union(o.wanted) {
		key := presentStore{s.Ref.Kind, s.Namespace, s.Ref.Name}
		bare := presentStore{s.Ref.Kind, "", s.Ref.Name}
		if o.present[key] || s.Namespace == o.opts.Namespace && o.present[bare] || s.Ref.Kind != "SecretStore" {
			continue
		}
		class := access.SettingsOf(o.opts.Settings.Controller, o.opts.KES).Class()
		g, findings := s.Generate(func(r *store.Request) { r.Class = class })
		first := s.Uses[0]
		findings = append(findings, o.hooked(&s)...)
		findings = append(findings, o.run.holds(o.opts, &s)...)
		for i := range findings {
			if findings[i].Pos.IsZero() {
				findings[i].Pos, findings[i].Ref = first.Pos, first.Ref
			}
		}
		o.run.AddFor(o.opts, findings...)
		if g.Object == nil {
			continue
		}
		o.present[key] = true
		if s.Namespace == o.opts.Namespace {
			o.present[bare] = true // of resources that name no namespace
		}
		out = append(out, o.settled(g.Object, s.Uses))
	}
	o.wanted = nil
	return out
}

// settled gives a store its sync wave and, while something guards its users,
// the same guard: what a revert takes away must not be the store alone.
func (o *Output) settled(object manifest.Map, uses []store.Use) manifest.Map {
	wave, waved, final := 0, false, true
	for _, u := range uses {
		if !u.Early && !u.Late && (!waved || u.Wave < wave) {
			wave, waved = u.Wave, true
		}
		final = final && u.Final
	}
	metadata, _ := object.Get("metadata").(manifest.Map)
	annotations, _ := metadata.Get("annotations").(manifest.Map)
	annotations.Set(syncWave, strconv.Itoa(wave-1))
	if o.opts.Plugin && !final {
		cutover.Guard(&annotations, o.opts.Settings.Guard)
	}
	metadata.Set("annotations", annotations)
	object.Set("metadata", metadata)
	return object
}

// hooked says which hooks a store comes after.
func (o *Output) hooked(s *store.Served) manifest.Findings {
	for _, u := range s.Uses {
		if u.Early {
			return manifest.Findings{rule.HookedStore.At(u.Pos, u.Ref, "it is a hook, and SecretStore %s is applied in the sync after it", s.Ref.Name)}
		}
	}
	return nil
}

// heldStore is a store that an output holds, as a cluster knows it.
type heldStore struct{ cluster, namespace, name string }

// holder is the output that does.
type holder struct {
	app    string
	pos    manifest.Pos
	object manifest.Ref
}

const twiceText = "SecretStore %s for it would be part of %s and of %s"

// holds notes that an output holds a store, unless its namespace is unknown.
func (r *Run) holds(opts Options, s *store.Served) manifest.Findings {
	first := s.Uses[0]
	key := heldStore{opts.Settings.Cluster, cmp.Or(s.Namespace, opts.Namespace), s.Ref.Name}
	if key.namespace == "" {
		return nil
	}
	if other, ok := r.held[key]; ok {
		return manifest.Findings{rule.StoreTwice.At(first.Pos, first.Ref, twiceText, s.Ref.Name, other.app, opts.App)}
	}
	r.held[key] = holder{opts.App, first.Pos, first.Ref}
	return nil
}

// absorbHeld finds stores that two parts hold.
func (r *Run) absorbHeld(part *Run) {
	order := func(a, b heldStore) int {
		return cmp.Or(cmp.Compare(a.cluster, b.cluster), cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.name, b.name))
	}
	for _, key := range slices.SortedFunc(maps.Keys(part.held), order) {
		h := part.held[key]
		if other, ok := r.held[key]; ok {
			r.say(rule.StoreTwice.At(h.pos, h.object, twiceText, key.name, other.app, h.app))
			continue
		}
		r.held[key] = h
	}
}
