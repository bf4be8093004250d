package handover

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Plan is what has to be done in a cluster, in order.
type Plan struct {
	Server string `json:"server"`
	Waves  []Wave `json:"waves"`
	// Already are Secrets of which nothing is left to do.
	Already int `json:"already"`
	// After is what comes when all waves are done.
	After    []Step   `json:"after"`
	Notes    []string `json:"notes,omitempty"`
	Requests int64    `json:"requests"`
}

// Wave is what is moved together: the Secrets of one Application in one
// namespace, or those of a namespace that Argo CD doesn't manage.
type Wave struct {
	Namespace   string       `json:"namespace"`
	App         string       `json:"app,omitempty"`
	Application *Application `json:"application,omitempty"`
	// Way says how, and why so.
	Way string `json:"way"`
	// Stop are the ways to stop KES for these Secrets; one of them is enough.
	// Empty: it is stopped.
	Stop []Step `json:"stop,omitempty"`
	// Git is what to push, in order.
	Git     []Step       `json:"git,omitempty"`
	Run     *Step        `json:"run,omitempty"`
	Secrets []SecretPlan `json:"secrets"`
}

// SecretPlan are the steps for one Secret, which cutover run takes by itself.
type SecretPlan struct {
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	State     State     `json:"state"`
	Problems  []Problem `json:"problems,omitempty"`
	Steps     []Step    `json:"steps,omitempty"`
	// WithoutKubeconfig is the same for people who have only argocd.
	WithoutKubeconfig []Step `json:"withoutKubeconfig,omitempty"`
}

// Step is one thing to do, how to see that it was done, and the way back.
type Step struct {
	What    string `json:"what"`
	Command string `json:"command,omitempty"`
	Check   string `json:"check,omitempty"`
	Back    string `json:"back,omitempty"`
	// Patch is a manifest for Git.
	Patch string `json:"patch,omitempty"`
}

// PlanOptions say for what.
type PlanOptions struct {
	StatusOptions
	ArgoNamespace string
	// Applications are known from elsewhere: Git.
	Applications     []Application
	AllowUnknownKeys bool
}

// Plan reads the cluster and says what to do; nothing is changed. Keys of
// Secrets aren't read: cutover run holds them to the ESO objects.
func (c *Client) Plan(ctx context.Context, o PlanOptions) (*Plan, error) {
	l, err := c.look(ctx, o.StatusOptions)
	if err != nil {
		return nil, err
	}
	if l.kesErr != nil {
		return nil, l.kesErr
	}
	items := l.items()
	if len(items) == 0 {
		return nil, &NothingError{o.Namespace}
	}
	p := &planning{c: c, o: o, l: l, argo: newArgo(c, o.ArgoNamespace, o.Applications), plan: &Plan{Server: c.Server, Waves: []Wave{}}}
	type key struct{ app, namespace string }
	groups := map[key][]*Item{}
	for _, it := range items {
		if it.State == ESO {
			p.plan.Already++
			continue
		}
		k := key{it.App, it.Namespace}
		groups[k] = append(groups[k], it)
	}
	for _, k := range slices.SortedFunc(maps.Keys(groups), func(a, b key) int {
		return cmp.Or(strings.Compare(a.app, b.app), strings.Compare(a.namespace, b.namespace))
	}) {
		w, err := p.wave(ctx, k.app, k.namespace, groups[k])
		if err != nil {
			return nil, err
		}
		p.plan.Waves = append(p.plan.Waves, *w)
	}
	p.after()
	p.plan.Notes, p.plan.Requests = l.notes, c.Requests()
	return p.plan, nil
}

type planning struct {
	c    *Client
	o    PlanOptions
	l    *look
	argo *argo
	plan *Plan
}

const (
	kesKind = "externalsecrets.kubernetes-client.io"
	esoKind = "externalsecrets.external-secrets.io"
)

// wave plans the Secrets of one Application in one namespace.
func (p *planning) wave(ctx context.Context, app, namespace string, items []*Item) (*Wave, error) {
	v, err := p.argo.get(ctx, app)
	if err != nil {
		return nil, err
	}
	w := &Wave{Namespace: namespace, App: app, Application: v}
	served := slices.ContainsFunc(items, func(it *Item) bool { return it.KES != nil && it.KES.ServedBy != "" })
	if served {
		w.Stop = p.stop(namespace, items)
	}
	withESO := slices.ContainsFunc(items, func(it *Item) bool { return it.ESO != nil })
	p.way(w, served, withESO)
	var names []string
	for _, it := range items {
		one := p.secret(it, v)
		if len(one.Steps) > 0 {
			names = append(names, it.Name)
		}
		w.Secrets = append(w.Secrets, one)
	}
	if len(names) > 0 {
		flags := "-n " + namespace
		for _, k := range p.o.Controllers {
			flags += " --kes " + k
		}
		w.Run = &Step{
			What: "hand the Secrets over; a dry run first shows what is missing", Command: "kesbridge cutover run " + flags + " --yes " + strings.Join(names, " "),
			Check: "kesbridge cutover status " + flags + " " + strings.Join(names, " "), Back: "kesbridge cutover rollback " + flags + " --yes " + strings.Join(names, " "),
		}
	}
	return w, nil
}

// way says how a wave goes, by what Argo CD does.
func (p *planning) way(w *Wave, served, withESO bool) {
	v := w.Application
	mode := "protect"
	switch {
	case v != nil && v.Orphan:
		mode = "freeze"
		w.Way = fmt.Sprintf("Git alone: Application %s prunes with propagation orphan, so that no command is needed", v.Name)
	case v != nil:
		w.Way = fmt.Sprintf("guarded: Application %s prunes with propagation foreground, which deletes Secrets: mode protect keeps its KES resources in the cluster, and cutover run moves the Secrets", v.Name)
	case w.App != "":
		w.Way = "guarded: Application " + w.App + " isn't in this cluster or may not be read, so it is taken to prune with propagation foreground"
	default:
		w.Way = "no Application is known for these resources: cutover run moves the Secrets"
	}
	if v == nil && w.App == "" {
		return
	}
	if served {
		w.Git = append(w.Git, Step{What: "push mode " + mode + " for these resources, and let it be synced" + byHand(v), Check: fmt.Sprintf("kubectl get %s -n %s -o custom-columns=NAME:.metadata.name,CONTROLLER:.spec.controllerId,SYNCED:.status.lastSync: SYNCED no longer moves after one poll interval", kesKind, w.Namespace), Back: "push mode keep"})
	}
	if !withESO || served {
		what := "push mode replace"
		if mode == "protect" {
			what += ": the app is then Synced, and Degraded until cutover run was there"
		} else {
			what += ": the sync hands the Secrets over by itself"
		}
		w.Git = append(w.Git, Step{What: what + byHand(v), Check: "kesbridge check and kesbridge diff --against say that the step is safe", Back: "kesbridge cutover rollback, then push mode " + mode})
	}
	w.Git = append(w.Git, Step{What: "when nothing of KES remains, push final: true"})
}

func byHand(v *Application) string {
	if v != nil && !v.Automated {
		return " (automated sync is off: argocd app sync " + v.Name + ")"
	}
	return ""
}
