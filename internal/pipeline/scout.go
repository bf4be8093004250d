package pipeline

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/cutover"
	"kesbridge/internal/eso"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// A reference may stand in front of the KES object whose Secret it names, or in
// another stream, and the ESO object's sync wave depends on those of its
// readers. So where a mode asks for it, a scope is looked through before
// anything is decided: once for the Secrets that move, and once for their
// readers. Nothing of it is said twice: a scout's own findings are dropped.

// scout is what was found before.
type scout struct {
	// moves are the Secrets whose readers are to read another one, by name.
	moves map[string][]*move
	// seconds are the same by the second Secret's name.
	seconds map[string][]*move
	// hands are ESO's ExternalSecrets that people wrote, by the Secret's name.
	hands map[string][]hand
	// stores are the sync waves of the stores in the output.
	stores map[presentStore]int
}

// hand is an ExternalSecret by hand.
type hand struct {
	pos    manifest.Pos
	ref    manifest.Ref
	policy string
}

func (s *scout) names() []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.moves))
}

// move is that of a KES object, or nil.
func (s *scout) move(o *manifest.Object) *move {
	if s == nil {
		return nil
	}
	for _, m := range s.moves[o.Ref.Name] {
		if m.ref.Namespace == o.Ref.Namespace {
			return m
		}
	}
	return nil
}

// look finds out what has to be known before anything is decided. It gives the
// streams as they can be read again.
func (o *Output) look(ctx context.Context, streams []Stream) (held []Stream, errs []error) {
	t := o.transformer()
	need := o.opts.ForceMode == "" && o.scouting == nil && o.mayMove()
	for _, s := range streams {
		in, err := t.Hold(ctx, s.Input)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.Input = in
		held = append(held, s)
		if need || o.opts.ForceMode != "" || o.scouting != nil {
			continue
		}
		if need, err = in.Holds(ctx, convert.ModeAnnotation); err != nil {
			errs = append(errs, err)
		}
	}
	if need && len(errs) == 0 {
		if err := o.send(ctx, held); err != nil {
			errs = append(errs, err)
		}
	}
	return held, errs
}

// mayMove reports whether a setting may choose a mode that asks for a look.
func (o *Output) mayMove() bool {
	asks := func(mode string) bool { return config.Follows(mode) || mode == config.Superseded }
	return asks(o.opts.Mode) || asks(o.opts.Settings.DefaultMode) || slices.ContainsFunc(o.opts.Settings.Modes, func(r config.ModeRule) bool { return asks(r.Mode) })
}

// send looks through the streams.
func (o *Output) send(ctx context.Context, streams []Stream) error {
	s := &scout{moves: map[string][]*move{}, seconds: map[string][]*move{}, hands: map[string][]hand{}, stores: map[presentStore]int{}}
	opts := o.opts
	opts.Seen, opts.Followed = nil, nil
	opts.Decided = func(obj *manifest.Object, d Decision) {
		if config.Follows(d.Mode.Mode) && d.Result.ESO != nil {
			m := &move{pos: obj.Pos, ref: obj.Ref, mode: d.Mode.Mode, to: d.Result.ESO.Target.Name, workloads: d.Mode.Workloads}
			s.moves[obj.Ref.Name] = append(s.moves[obj.Ref.Name], m)
			s.seconds[m.to] = append(s.seconds[m.to], m)
		}
	}
	run := New()
	run.Least = manifest.Error + 1
	trial := run.Output(opts)
	trial.scouting = s
	var plans []*manifest.Plan
	defer func() {
		for _, p := range plans {
			p.Close()
		}
	}()
	for _, st := range streams {
		st.Input = st.Lend()
		p, err := trial.plan(ctx, st)
		if err != nil {
			return nil // the true pass says so
		}
		plans = append(plans, p)
	}
	o.scout = s
	names := slices.AppendSeq(s.names(), maps.Keys(s.seconds))
	for _, p := range plans {
		if err := p.FindNames(ctx, names, []string{manifest.AnyGroup}, o.read); err != nil {
			return err
		}
	}
	return nil
}

// meet notes an ExternalSecret that somebody wrote, or a store.
func (s *scout) meet(o *manifest.Object) {
	if o.Ref.Group != eso.Group {
		return
	}
	switch o.Ref.Kind {
	case "SecretStore", "ClusterSecretStore":
		if value, ok := o.Value(); ok {
			key := presentStore{kind: o.Ref.Kind, name: o.Ref.Name}
			if o.Ref.Kind == "SecretStore" {
				key.namespace = o.Ref.Namespace
			}
			s.stores[key] = waveOf(textsIn(value, "annotations"))
		}
		return
	case "ExternalSecret":
	default:
		return
	}
	var body struct {
		Spec struct {
			Target struct {
				Name           string `yaml:"name"`
				CreationPolicy string `yaml:"creationPolicy"`
			} `yaml:"target"`
		} `yaml:"spec"`
	}
	if o.Node.Decode(&body) != nil {
		return
	}
	name := cmp.Or(body.Spec.Target.Name, o.Ref.Name)
	s.hands[name] = append(s.hands[name], hand{o.Pos, o.Ref, body.Spec.Target.CreationPolicy})
}

// namespace is where an object is.
func (o *Output) namespace(ns string) string { return cmp.Or(ns, o.opts.Namespace) }

// near compares namespaces; unsure where one of them isn't known.
func (o *Output) near(a, b string) (same, unsure bool) {
	a, b = o.namespace(a), o.namespace(b)
	return a == b, a != b && (a == "" || b == "")
}

// target is a reference to a Secret that moves.
type target struct {
	cutover.Reference
	move *move
	// unsure: whether it is that Secret can't be told.
	unsure bool
}

// moving are an object's references to Secrets that move. ok is false where
// the object can't be read.
func (o *Output) moving(obj *manifest.Object) (out []target, value map[string]any, ok bool) {
	if value, ok = obj.Value(); !ok {
		return nil, nil, false
	}
	for _, r := range cutover.References(obj.Ref, value, o.opts.Settings.References) {
		for _, m := range o.scout.seconds[r.Name] {
			same, unsure := o.near(r.Namespace, m.ref.Namespace)
			m.already = m.already || same || unsure
		}
		for _, m := range o.scout.moves[r.Name] {
			same, unsure := o.near(r.Namespace, m.ref.Namespace)
			if same || unsure || r.Loose {
				out = append(out, target{r, m, unsure && !r.Loose})
			}
		}
	}
	return out, value, true
}

// beforeStore says that an ESO object comes before its store now.
func (s *scout) beforeStore(o *manifest.Object, ref eso.StoreRef, wave int) (f manifest.Finding, ok bool) {
	key := presentStore{kind: ref.Kind, name: ref.Name}
	if ref.Kind == "SecretStore" {
		key.namespace = o.Ref.Namespace
	}
	if of, there := s.stores[key]; there && of > wave {
		return rule.SyncOrder.At(o.Pos, o.Ref, "its ESO resource gets sync wave %d, before its readers, and the %s %s has %d", wave, ref.Kind, ref.Name, of), true
	}
	return f, false
}

// posAt is the place of a field.
func posAt(o *manifest.Object, path []any) manifest.Pos {
	var n *yaml.Node
	if n = manifest.NodeAt(o.Node, path); n == nil {
		return o.Pos
	}
	return o.PosOf(n)
}
