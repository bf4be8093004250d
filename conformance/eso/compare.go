package eso

import (
	"bytes"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// Release is a real ESO release.
type Release interface {
	// Template is Execute with scope Values, Literal with KeysAndValues.
	Template(text []byte, values map[string][]byte) ([]byte, error)
	Literal(text []byte, values map[string][]byte) (map[string][]byte, error)
	Decode(strategy string, m map[string][]byte) (map[string][]byte, error)
	Rewrite(ops []Rewrite, m map[string][]byte) (map[string][]byte, error)
	Convert(strategy string, m map[string][]byte) (map[string][]byte, error)
	// Validate returns what is left of the map.
	Validate(m map[string][]byte) (map[string][]byte, error)
	// Secret and Map are the provider's GetSecret and GetSecretMap.
	Secret(in *Input) ([]byte, error)
	Map(in *Input) (map[string][]byte, error)
	// Sync is a whole Reconcile; of nothing written, Answer.Nothing.
	Sync(in *Input) (*Answer, error)
}

// ask gives a release's own answer.
func ask(r Release, in *Input) (a *Answer) {
	defer func() {
		if p := recover(); p != nil {
			a = &Answer{Err: fmt.Sprint("panic: ", p)}
		}
	}()
	a = &Answer{}
	var err error
	values := maps.Clone(in.Values)
	switch in.Kind {
	case "template":
		a.Value, err = r.Template(in.Text, values)
	case "literal":
		a.Map, err = r.Literal(in.Text, values)
	case "decode":
		a.Map, err = r.Decode(in.Strategy, values)
	case "rewrite":
		a.Map, err = r.Rewrite(in.Rewrite, values)
	case "convert":
		a.Map, err = r.Convert(in.Strategy, values)
	case "validate":
		a.Map, err = r.Validate(values)
	case "secret":
		a.Value, err = r.Secret(in)
	case "map":
		a.Map, err = r.Map(in)
	case "sync":
		a, err = r.Sync(in)
	default:
		err = fmt.Errorf("unknown kind %s", in.Kind)
	}
	if err != nil {
		return &Answer{Err: err.Error()}
	}
	return a
}

// Same reports whether two answers say the same; an error's words don't
// matter.
func Same(a, b *Answer) bool {
	if a.Err != "" || b.Err != "" {
		return a.Err != "" && b.Err != ""
	}
	return a.Nothing == b.Nothing && bytes.Equal(a.Value, b.Value) && maps.EqualFunc(a.Map, b.Map, bytes.Equal) &&
		a.Type == b.Type && maps.Equal(a.Labels, b.Labels) && maps.Equal(a.Annotations, b.Annotations)
}

// Report counts what was compared.
type Report struct {
	// Compared and Failed (both answers an error) by kind; the template ones
	// and syncs also by where they are from.
	Compared, Failed map[string]int
	// Unsure counts the simulation's "not provable" by reason.
	Unsure map[string]int
	// Altered answers were tried in place of the simulated ones, and Missed of
	// them passed for the same.
	Altered, Missed int
	// Differences are described; only the first are kept.
	Differences []string
	Different   int
}

func (r *Report) String() string {
	total := 0
	text := ""
	for _, kind := range slices.Sorted(maps.Keys(r.Compared)) {
		total += r.Compared[kind]
		text += fmt.Sprintf("  %-9s %7d, of them errors on both sides %d\n", kind, r.Compared[kind], r.Failed[kind])
	}
	unsure := 0
	for _, n := range r.Unsure {
		unsure += n
	}
	return fmt.Sprintf("%d compared, %d not provable, %d different; of %d answers altered on purpose %d not noticed\n%s", total, unsure, r.Different, r.Altered, r.Missed, text)
}

// Compare asks the release about every input of a file but those whose
// simulation is not provable.
func Compare(t testing.TB, r Release, file string) *Report {
	t.Helper()
	return compare(t, func(in *Input) *Answer { return ask(r, in) }, file)
}

func compare(t testing.TB, ask func(*Input) *Answer, file string) *Report {
	t.Helper()
	rep := &Report{Compared: map[string]int{}, Failed: map[string]int{}, Unsure: map[string]int{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	jobs := make(chan *Input, 64)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for in := range jobs {
				real := ask(in)
				mu.Lock()
				rep.add(in, real)
				mu.Unlock()
			}
		})
	}
	err := Each(file, func(in *Input) {
		if in.Answer.Unsure != "" {
			mu.Lock()
			rep.Unsure[in.Answer.Unsure]++
			mu.Unlock()
			return
		}
		jobs <- in
	})
	close(jobs)
	wg.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func (r *Report) add(in *Input, real *Answer) {
	r.Compared[in.Kind]++
	if n := r.Compared[in.Kind]; n%20 == 0 {
		if a := alter(in, n/20); a != nil {
			r.Altered++
			if Same(a, real) && Same(in.Answer, real) {
				r.Missed++
			}
		}
	}
	if Same(in.Answer, real) {
		if real.Err != "" {
			r.Failed[in.Kind]++
		}
		return
	}
	r.Different++
	if len(r.Differences) < *show {
		r.Differences = append(r.Differences, describe(in, real))
	}
}

func describe(in *Input, real *Answer) string {
	text := in.Kind + " " + in.From
	if in.Of != nil {
		text += " " + in.Of.From + " " + in.Of.Backend + "\n  object " + string(in.Of.Object)
	}
	if in.Backend != "" {
		text += fmt.Sprintf(" %s kv %d %+v", in.Backend, in.KV, *in.Ref)
	}
	if in.Strategy != "" {
		text += " " + in.Strategy
	}
	if in.Rewrite != nil {
		text += fmt.Sprintf(" %q", in.Rewrite)
	}
	if in.Text != nil {
		text += fmt.Sprintf("\n  %q", in.Text)
	}
	for _, k := range slices.Sorted(maps.Keys(in.Values)) {
		text += fmt.Sprintf("\n  %q: %q", k, in.Values[k])
	}
	for _, s := range append(slices.Clone(in.Stored), in.Params...) {
		text += fmt.Sprintf("\n  stored %s (%s): %q", s.Key, s.Version, s.Value)
	}
	return text + "\n  simulated " + in.Answer.show() + "\n  real      " + real.show()
}

func (a *Answer) show() string {
	switch {
	case a.Err != "":
		return "error: " + a.Err
	case a.Nothing:
		return "no Secret"
	case a.Map != nil || a.Type != "":
		return fmt.Sprintf("%q %q labels %q annotations %q", a.Type, a.Map, a.Labels, a.Annotations)
	}
	return fmt.Sprintf("%q", a.Value)
}
