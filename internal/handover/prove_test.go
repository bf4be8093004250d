package handover

import (
	"context"
	"errors"
	"strings"
	"testing"

	. "kesbridge/internal/handover/handovertest"
)

// fromAll makes s0's ESO object one that doesn't tell its keys.
func (l *lab) fromAll() {
	l.Change(ESOResource, "shop", "s0", func(o Object) {
		spec := o["spec"].(Object)
		delete(spec, "data")
		spec["dataFrom"] = []any{Object{"extract": Object{"key": "a"}}}
	})
}

// values are made for s0 also under the name of its proof.
func (l *lab) sameForProof(change func(map[string]any)) {
	values := l.eso.Values
	l.eso.Values = func(o Object) map[string]any {
		m := o["metadata"].(Object)
		if m["name"] != "s0-kesbridge-proof" {
			return values(o)
		}
		out := values(Object{"metadata": Object{"name": "s0"}})
		change(out)
		return out
	}
}

// TestProve: the second Secret shows what ESO would write, and is gone
// afterwards, whatever it showed.
func TestProve(t *testing.T) {
	for what, c := range map[string]struct {
		change func(map[string]any)
		want   string
	}{
		"the same":   {func(map[string]any) {}, ""},
		"another":    {func(m map[string]any) { m["password"] = "eA==" }, "other data: the key password"},
		"a key less": {func(m map[string]any) { delete(m, "user") }, "other data: the key user"},
		"a key more": {func(m map[string]any) { m["x"] = "eA==" }, "other data: the key x"},
	} {
		t.Run(what, func(t *testing.T) {
			l := newLab(t, true, 1)
			l.fromAll()
			l.sameForProof(c.change)
			rep := l.run(func(o *RunOptions) { o.Prove = true })
			switch got := outcomes(rep); {
			case c.want == "" && rep.Count(Done) != 1, c.want != "" && (rep.Count(Refused) != 1 || !strings.Contains(got, c.want)):
				t.Fatal(got)
			}
			if l.Get(ESOResource, "shop", "s0-kesbridge-proof") != nil || l.Get(Secrets, "shop", "s0-kesbridge-proof") != nil {
				t.Error("the proof is left over")
			}
			if s := l.Get(Secrets, "shop", "s0"); s == nil || s["metadata"].(Object)["uid"] != l.uids["s0"] {
				t.Error("the Secret is another one")
			}
		})
	}
}

// TestProveLeftOver: a proof that an interrupted run left is taken away, and is
// no Secret of anybody's meanwhile; another object of that name is not touched.
func TestProveLeftOver(t *testing.T) {
	l := newLab(t, true, 1)
	l.sameForProof(func(map[string]any) {})
	old := l.esoObject(0)
	old["metadata"] = Object{"name": "s0-kesbridge-proof", "namespace": "shop", "labels": Object{Proof: "true"}}
	l.Add(old)
	l.Settle()
	if st, err := l.client().Status(context.Background(), StatusOptions{Selection: Selection{Namespace: "shop"}}); err != nil || len(st.Secrets) != 1 {
		t.Fatalf("%v %v", st, err)
	}
	if rep := l.run(func(o *RunOptions) { o.Prove = true }); rep.Count(Done) != 1 {
		t.Fatal(outcomes(rep))
	}
	l = newLab(t, true, 1)
	old["metadata"] = Object{"name": "s0-kesbridge-proof", "namespace": "shop"}
	l.Add(old)
	if rep := l.run(func(o *RunOptions) { o.Prove, o.Names = true, []string{"s0"} }); rep.Count(Failed) != 1 || !strings.Contains(outcomes(rep), "isn't kesbridge's") {
		t.Fatal(outcomes(rep))
	}
}

// TestScaleKES scales KES away and back; where a KES object is left, it stays
// away, and the run says so.
func TestScaleKES(t *testing.T) {
	l := newLab(t, true, 2)
	l.thaw(0)
	l.thaw(1)
	scale := func(o *RunOptions) { o.ScaleKES = true }
	replicas := func() any { return l.Get("deployments.apps", "kes", "kes")["spec"].(Object)["replicas"] }
	l.Change(ESOResource, "shop", "s1", func(o Object) { o["spec"].(Object)["target"].(Object)["deletionPolicy"] = "Delete" })
	c := l.client()
	o := l.options(c)
	scale(&o)
	rep, err := c.Run(context.Background(), o)
	var stays *ScaleError
	if !errors.As(err, &stays) || !strings.Contains(err.Error(), "are left: shop/s1") || rep.Count(Done) != 1 || replicas() != 0.0 {
		t.Fatalf("%v %v %s", err, replicas(), outcomes(rep))
	}
	l.Change(ESOResource, "shop", "s1", func(o Object) { o["spec"].(Object)["target"].(Object)["deletionPolicy"] = "Retain" })
	if rep := l.run(scale); rep.Count(Done) != 1 || replicas() != 1.0 {
		t.Fatalf("%v %s", replicas(), outcomes(rep))
	}
	l.holds("scaled")
	l.over("scaled")
	if a := l.Get("deployments.apps", "kes", "kes")["metadata"].(Object)["annotations"].(Object)[Replicas]; a != nil {
		t.Errorf("annotation %v is left", a)
	}
}
