package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/internal/rule"
)

// nextSteps says of every resource whether its next step is safe, once all apps
// are known: another app of the same cluster may make or read its Secret.
func (c *checking) nextSteps(ctx context.Context) error {
	c.manyArgo = c.several()
	slices.SortStableFunc(c.results, func(a, b *checked) int { return cmp.Compare(a.app.ID, b.app.ID) })
	c.foreignMakers()
	c.shared()
	if err := c.readers(ctx); err != nil {
		return err
	}
	for _, r := range c.results {
		for i := range r.resources {
			if i < len(r.app.Secrets) {
				r.app.Secrets[i].Next = c.next(r, &r.resources[i])
			}
		}
	}
	return nil
}

func (c *checking) next(r *checked, one *cutover.Resource) *report.Next {
	n := r.settings.Next(one)
	out := &report.Next{Step: n.Step, Safe: n.Safe, Or: n.Or, Needs: n.Needs, Started: one.Mode != "" && !one.Preset && (r.settings == nil || r.settings.Plugin)}
	for _, b := range n.Blockers {
		out.Blockers = append(out.Blockers, report.Blocker(b))
	}
	for _, b := range n.Later {
		out.Later = append(out.Later, report.Blocker(b))
	}
	return out
}

// clusterKey says on which cluster an app is, or "" where that can't be told:
// each Argo CD calls its own cluster in-cluster, and Applications of one name
// are of several Argo CDs.
func (c *checking) clusterKey(cluster string, app *argocd.Application) string {
	if cluster != "" {
		return "name " + cluster
	}
	if app == nil {
		return ""
	}
	d := app.Spec.Destination
	if inCluster(d) && c.manyArgo {
		return ""
	}
	return "destination " + d.Server + " " + d.Name
}

func inCluster(d argocd.ApplicationDestination) bool {
	return d.Name == "in-cluster" || strings.TrimSuffix(d.Server, "/") == "https://kubernetes.default.svc" || d.Server+d.Name == ""
}

// several reports whether the repository has Applications of several Argo CDs
// that go to the cluster of their own.
func (c *checking) several() bool {
	seen := map[string]bool{}
	for _, j := range c.done {
		app := j.candidate.App
		if app == nil || !inCluster(app.Spec.Destination) || j.cluster != "" {
			continue
		}
		name := app.InstanceName(c.argo.ControllerNamespace)
		if seen[name] {
			return true
		}
		seen[name] = true
	}
	return false
}

// foreignMakers adds what other apps of the same cluster make to the resources
// that make the same Secret, and says so.
func (c *checking) foreignMakers() {
	type secret struct{ cluster, name string }
	type made struct {
		by *checked
		m  cutover.Maker
	}
	all := map[secret][]made{}
	for _, r := range c.results {
		cluster := c.clusterKey(r.app.Cluster, r.candidate.App)
		if cluster == "" {
			continue
		}
		note := func(m cutover.Maker) {
			k := secret{cluster, cutover.SecretKey(m.Ref.Namespace, m.Secret)}
			all[k] = append(all[k], made{r, m})
		}
		for i := range r.resources {
			if one := &r.resources[i]; one.Mode != config.Switched && one.Mode != config.Superseded {
				note(one.KES)
			}
		}
		for _, m := range r.makers {
			note(m)
		}
	}
	for _, r := range c.results {
		cluster := c.clusterKey(r.app.Cluster, r.candidate.App)
		for i := range r.resources {
			one := &r.resources[i]
			was := len(one.Others)
			for _, o := range all[secret{cluster, cutover.SecretKey(one.KES.Ref.Namespace, one.KES.Secret)}] {
				if o.by != r && cluster != "" && one.KES.Ref.Namespace != "" {
					m := o.m
					m.App = o.by.app.ID
					one.Others = append(one.Others, m)
				}
			}
			if len(one.Others) > was {
				rest := *one
				rest.Others = one.Others[was:]
				c.late(r, rest.OthersFindings()...)
			}
		}
	}
}

// shared names what stops all syncs of an Application that fails on shared
// resources: another one of the same cluster renders an object of its output
// (controller/sync.go, hasSharedResourceCondition).
func (c *checking) shared() {
	type object struct {
		cluster string
		ref     manifest.Ref
	}
	held := map[object][]*checked{}
	for _, r := range c.results {
		if cluster := c.clusterKey(r.app.Cluster, r.candidate.App); cluster != "" && r.candidate.App != nil {
			for _, ref := range r.objects {
				held[object{cluster, ref}] = append(held[object{cluster, ref}], r)
			}
		}
	}
	for _, r := range c.results {
		if p := r.candidate.App; p == nil || p.Spec.SyncPolicy == nil || !slices.Contains(p.Spec.SyncPolicy.SyncOptions, "FailOnSharedResource=true") {
			continue
		}
		cluster := c.clusterKey(r.app.Cluster, r.candidate.App)
		for _, ref := range r.objects {
			for _, other := range held[object{cluster, ref}] {
				if other == r {
					continue
				}
				f := rule.SyncBlocked.At(r.app.Application, r.settings.Ref, "FailOnSharedResource=true, and app %s renders %s, too: none of its syncs goes through", other.app.ID, ref)
				f.Severity = manifest.Error
				c.late(r, f)
				break
			}
		}
	}
}

// late adds findings to an app that was looked at already.
func (c *checking) late(r *checked, fs ...manifest.Finding) {
	if len(fs) == 0 || r.run == nil || r.waivers == nil {
		return
	}
	facts := config.Facts{App: r.app.Name, Project: r.app.Project, Cluster: r.app.Cluster}
	fs = r.run.Waive(r.waivers, facts, fs...)
	r.findings = append(r.findings, fs...)
	if r.app.State != report.Plugin && r.app.State != report.Rewrite {
		return
	}
	slices.SortFunc(fs, func(a, b manifest.Finding) int { return cmp.Compare(a.Rule, b.Rule) })
	for _, f := range fs {
		if f.Severity >= manifest.Error && f.Waived == "" {
			known, _ := rule.Find(f.Rule)
			r.app.State, r.app.Reason = report.Decision, known.Summary+" ("+f.Rule+")"
			return
		}
	}
}
