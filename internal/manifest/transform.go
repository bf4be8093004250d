package manifest

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Action says what becomes of an object.
type Action int

const (
	// Untouched leaves the object byte for byte.
	Untouched Action = iota
	// Replace prints other objects in its place.
	Replace
	// Drop takes it out of the stream.
	Drop
	// Edit sets or changes strings in it; every other byte stays.
	Edit
	// Accompany leaves it byte for byte and prints other objects after it.
	Accompany
)

// Result is what a visitor wants done with an object.
type Result struct {
	Action Action
	// Objects are printed in the place of a replaced object, or after one that
	// is accompanied: at least one.
	Objects []Map
	// Set are the strings of an edited object that are set, Texts those that
	// change where they stand: at least one of one kind.
	Set   []Assignment
	Texts []Text
	// Refused, if set, is told why Texts can't be changed where they stand; the
	// object is then left as it is. Without it that is an error.
	Refused func(error)
}

// Transformer finds the objects of some API groups in a stream of YAML and
// JSON documents and puts others in their place.
type Transformer struct {
	// Groups are the API groups whose objects are visited.
	Groups []string
	// Names are looked for as well: where one stands in a document, objects of
	// NamedGroups ("" is the core group) are visited, too.
	Names, NamedGroups []string
	// Visit decides about one object. It is called once for each, in the
	// order of the stream.
	Visit func(*Object) (Result, error)
	// SpoolMemory is how much of an input that can't be read twice is kept in
	// memory, and how much of the output, before a temporary file is used;
	// 0 is 4 MiB.
	SpoolMemory int64
	// MaxInput is the longest input in bytes; 0 is 4 GiB.
	MaxInput int64
	// TempDir is where temporary files go; empty is the system's place.
	TempDir string
}

// Plan reads the whole input, visits its objects and writes nothing.
func (t *Transformer) Plan(ctx context.Context, in Input) (*Plan, error) {
	for _, g := range t.Groups {
		if g == "" {
			return nil, errors.New("plan stream: an API group has no name")
		}
	}
	src, err := t.open(ctx, in)
	if err != nil {
		return nil, err
	}
	p := &Plan{src: src, literals: t.newSpool()}
	p.stats.InBytes = src.size
	if err := t.fill(ctx, p); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (t *Transformer) fill(ctx context.Context, p *Plan) error {
	var err error
	if p.content, err = firstContent(newWindow(ctx, p.src)); err != nil {
		return err
	}
	groups := t.Groups
	if len(t.Names) > 0 {
		groups = slices.Concat(groups, t.NamedGroups)
	}
	b := newBuilder(ctx, p, words(t.Groups, t.Names), groups, t.Visit)
	if len(t.Groups) > 0 && t.Visit != nil {
		if err := b.stream(); err != nil {
			return err
		}
	}
	p.copy(b.done, p.src.size)
	if err := p.literals.flush(); err != nil {
		return err
	}
	return p.src.unchanged()
}

// builder makes a plan.
type builder struct {
	ctx    context.Context
	plan   *Plan
	src    *source
	visit  func(*Object) (Result, error)
	wanted groups
	scan   *markerScan
	split  *splitter
	cursor *cursor

	done int64 // the plan covers the input up to here
}

// groups are API groups; the name AnyGroup stands for all of them.
type groups map[string]bool

// AnyGroup stands for every API group.
const AnyGroup = "*"

func (g groups) has(group string) bool { return g[group] || g[AnyGroup] }

func newBuilder(ctx context.Context, p *Plan, words []word, wanted []string, visit func(*Object) (Result, error)) *builder {
	b := &builder{
		ctx:    ctx,
		plan:   p,
		src:    p.src,
		visit:  visit,
		wanted: groups{},
		scan:   &markerScan{markers: newMarkers(words), win: newWindow(ctx, p.src)},
		split:  newSplitter(newWindow(ctx, p.src)),
		cursor: &cursor{win: newWindow(ctx, p.src)},
	}
	for _, g := range wanted {
		b.wanted[g] = true
	}
	return b
}

// stream goes from marker to marker. What lies between documents with a
// marker in them is neither split nor held.
func (b *builder) stream() error {
	for {
		hit, err := b.scan.next(b.split.pos)
		if err != nil || hit < 0 {
			return err
		}
		if err := b.split.seek(hit); err != nil {
			return err
		}
		for b.split.pos <= hit {
			seg, ok, err := b.split.next()
			if err != nil {
				return err
			}
			if !ok {
				return nil
			}
			if seg.end <= hit {
				continue
			}
			if err := b.segment(seg); err != nil {
				return err
			}
		}
	}
}

// segment looks into a document that holds a marker.
func (b *builder) segment(seg segment) error {
	if seg.content >= 0 {
		first, err := b.src.bytes(seg.content, seg.content+1)
		if err != nil {
			return err
		}
		if first[0] == '{' {
			if handled, err := b.jsonStream(seg); handled || err != nil {
				return err
			}
		}
	}
	plain, err := plainBlock(b.ctx, b.src, seg, b.wanted)
	if err != nil || plain {
		return err
	}
	return b.yamlDocument(seg)
}

// call visits an object and counts.
func (b *builder) call(o *Object) (Result, error) {
	if err := b.ctx.Err(); err != nil {
		return Result{}, err
	}
	r, err := b.visit(o)
	if err != nil {
		return r, err
	}
	s := &b.plan.stats
	s.Objects++
	switch r.Action {
	case Untouched:
		s.Untouched++
	case Drop:
		s.Dropped++
	case Replace, Accompany:
		if len(r.Objects) == 0 {
			return r, fmt.Errorf("visit %s: nothing to print for it", o.Ref)
		}
		if r.Action == Replace {
			s.Replaced++
		} else {
			s.Accompanied++
		}
	case Edit:
		if (len(r.Set) == 0) == (len(r.Texts) == 0) {
			return r, fmt.Errorf("edit %s: nothing to set", o.Ref)
		}
		s.Edited++
	default:
		return r, fmt.Errorf("visit %s: unknown action %d", o.Ref, r.Action)
	}
	return r, nil
}

// edit puts text in the place of a range of the source.
type edit struct {
	start, end int64
	text       []byte
}

// emit adds ascending edits to the plan.
func (b *builder) emit(edits []edit) error {
	for _, e := range edits {
		if e.start < b.done || e.end < e.start {
			return fmt.Errorf("edit %s: overlapping edits at byte %d", b.src.name, e.start)
		}
		b.plan.copy(b.done, e.start)
		if err := b.plan.literal(e.text); err != nil {
			return err
		}
		b.done = e.end
	}
	return nil
}

// applyEdits gives what a part of the source that starts at off becomes.
func applyEdits(b []byte, off int64, edits []edit) []byte {
	var out []byte
	done := off
	for _, e := range edits {
		out = append(out, b[done-off:e.start-off]...)
		out = append(out, e.text...)
		done = e.end
	}
	return append(out, b[done-off:]...)
}
