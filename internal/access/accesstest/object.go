package accesstest

import (
	"context"
	"fmt"
	"strings"

	"kesbridge/internal/access"
	"kesbridge/internal/convert"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/store"
)

// Namespace is where the case's object is.
func (g *Group) Namespace(c *Case) string { return g.Name + "-" + c.Name }

// Annotations are those that the namespace has in the cluster.
func (g *Group) Annotations(c *Case) access.Annotations {
	if c.Live != nil {
		return c.Live
	}
	return g.Git(c)
}

// Git are the annotations that its Namespace object in Git has.
func (g *Group) Git(c *Case) access.Annotations { return g.git(c).Annotations(g.Settings) }

func (g *Group) git(c *Case) access.Namespace {
	return access.Namespace{Name: g.Namespace(c), KeyName: c.KeyName, Role: c.Role}
}

// KES is the KES object.
func (g *Group) KES(c *Case) string {
	return fmt.Sprintf("apiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: %s, namespace: %s, annotations: {%s}}\nspec: %s\n", c.Name, g.Namespace(c), c.Extra, c.Spec)
}

// Decode reads the KES object.
func (g *Group) Decode(c *Case) (*kes.ExternalSecret, error) {
	var es *kes.ExternalSecret
	t := &manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		var fs manifest.Findings
		if es, fs = kes.Decode(o); fs.Worst() >= manifest.Error {
			return manifest.Result{}, fmt.Errorf("%s: %v", g.Namespace(c), fs)
		}
		return manifest.Result{}, nil
	}}
	in := manifest.Input{Name: "case", R: strings.NewReader(g.KES(c))}
	plan, err := t.Plan(context.Background(), in)
	if err != nil {
		return nil, err
	}
	return es, plan.Close()
}

// Policy is the group's, with stores as they are derived.
func (g *Group) Policy() (access.Policy, error) {
	p := access.Policy{Name: "permitted-" + g.Name, Settings: g.Settings}
	var uses []store.Use
	for i := range g.Cases {
		c := &g.Cases[i]
		if c.KeyName != nil || c.Role != nil {
			p.Namespaces = append(p.Namespaces, g.git(c))
		}
		es, err := g.Decode(c)
		if err != nil {
			return p, err
		}
		need := convert.NeedOf(es)
		choice, err := (&store.Resolver{}).Resolve(need, convert.SubjectOf(es, "", "", ""))
		if err != nil {
			return p, err
		}
		uses = append(uses, store.Use{Need: need, Choice: choice, Ref: es.Ref})
	}
	p.Stores = access.StoresOf(store.Union(uses))
	return p, nil
}
