package handover

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	. "kesbridge/internal/handover/handovertest"
)

func (l *lab) plan(o PlanOptions) *Plan {
	l.t.Helper()
	o.Namespace = "shop"
	p, err := l.client().Plan(context.Background(), o)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

var (
	patchCommand    = regexp.MustCompile(`^kubectl patch secret -n (\S+) (\S+) --type merge -p '(.*)'$`)
	annotateCommand = regexp.MustCompile(`^kubectl annotate (\S+) -n (\S+) (\S+) --overwrite (\S+)="\$\(date \+%s\)"$`)
	deleteCommand   = regexp.MustCompile(`^kubectl get .* -o yaml > \S+-kes.yaml && kubectl delete (\S+) -n (\S+) (\S+) --cascade=orphan$`)
)

// kubectl does what the commands of a plan say.
func (l *lab) kubectl(command string) error {
	l.t.Helper()
	c := l.client()
	ctx := context.Background()
	if m := patchCommand.FindStringSubmatch(command); m != nil {
		var body map[string]any
		if err := json.Unmarshal([]byte(m[3]), &body); err != nil {
			l.t.Fatalf("%s: %v", command, err)
		}
		return c.patch(ctx, secrets, m[1], m[2], body, "", nil)
	}
	if m := annotateCommand.FindStringSubmatch(command); m != nil && m[1] == ESOResource {
		r, err := c.esoResource(ctx, "externalsecrets")
		if err != nil {
			return err
		}
		return c.patch(ctx, r, m[2], m[3], map[string]any{"metadata": map[string]any{"annotations": map[string]string{m[4]: "1"}}}, "", nil)
	}
	if m := deleteCommand.FindStringSubmatch(command); m != nil && m[1] == KESResource {
		return c.remove(ctx, kesObjects, m[2], m[3], l.Get(m[1], m[2], m[3])["metadata"].(Object)["uid"].(string), "Orphan")
	}
	l.t.Fatalf("no such command: %s", command)
	return nil
}

// TestPlanByHand does by hand what a plan says: it ends as run would. A command
// whose Secret was written meanwhile is refused, and the way back goes back.
func TestPlanByHand(t *testing.T) {
	for _, deaf := range []bool{true, false} {
		l := newLab(t, deaf, 2)
		one := l.plan(PlanOptions{}).Waves[0].Secrets[1]
		if len(one.Problems) > 0 || len(one.Steps) != 3 {
			t.Fatalf("%+v", one)
		}
		l.Change(Secrets, "shop", "s1", func(o Object) { o["metadata"].(Object)["annotations"] = Object{"a": "b"} })
		if err := l.kubectl(one.Steps[0].Command); !conflict(err) {
			t.Fatalf("an old plan was carried out: %v", err)
		}
		for _, s := range l.plan(PlanOptions{}).Waves[0].Secrets {
			l.eso.Stopped = true
			for _, command := range []string{s.Steps[0].Command, s.Steps[0].Back} {
				if err := l.kubectl(command); err != nil {
					t.Fatalf("%s: %v", command, err)
				}
			}
			l.eso.Stopped = false
		}
		for _, s := range l.plan(PlanOptions{}).Waves[0].Secrets {
			for _, step := range s.Steps {
				if err := l.kubectl(step.Command); err != nil {
					t.Fatalf("%s: %v", step.Command, err)
				}
			}
		}
		l.holds("by hand")
		l.over("by hand")
		if p := l.plan(PlanOptions{}); p.Already != 2 || len(p.Waves) != 0 {
			t.Errorf("something is left: %+v", p.Waves)
		}
	}
}

// TestPlanWays: how KES stops and what is pushed depends on what there is.
func TestPlanWays(t *testing.T) {
	text := func(p *Plan) string {
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	l := newLab(t, true, 2)
	l.thaw(0)
	has := func(what string, p *Plan, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(text(p), w) {
				t.Errorf("%s: no %q in %s", what, w, text(p))
			}
		}
	}
	p := l.plan(PlanOptions{})
	has("served", p, "mode freeze or protect", "isn't in this cluster", "push mode protect", "scale Deployment kes/kes to 0", "argocd app delete-resource web", "runs and serves it")
	if strings.Contains(text(p), "value: \\\"") {
		t.Error("WATCHED_NAMESPACES is said without all namespaces being known")
	}
	l.env("WATCHED_NAMESPACES", "shop,bar, foo")
	p = l.plan(PlanOptions{})
	has("watched", p, `name: WATCHED_NAMESPACES\n          value: \"bar,foo\"`)
	p = l.plan(PlanOptions{Applications: []Application{{Name: "web", Orphan: true, Automated: true}}})
	has("orphan", p, "Git alone", "push mode freeze", "hands the Secrets over by itself")
	if strings.Contains(text(p), "delete-resource") || strings.Contains(text(p), "automated sync is off") {
		t.Errorf("orphan: %s", text(p))
	}
	has("by hand", l.plan(PlanOptions{Applications: []Application{{Name: "web"}}}), "automated sync is off: argocd app sync web", "prunes with propagation foreground")
	l.Change(KESResource, "shop", "s0", func(o Object) { delete(o, "spec") })
	if p := l.plan(PlanOptions{}); strings.Contains(p.Waves[0].Stop[0].What, "controllerId") {
		t.Error("a resource without spec can't be frozen")
	}
}
