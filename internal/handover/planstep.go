package handover

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// stop are the ways to stop KES for these Secrets and no others, narrowest
// first.
func (p *planning) stop(namespace string, items []*Item) []Step {
	var names []string
	bare := false
	for _, it := range items {
		if it.kes != nil && it.KES.ServedBy != "" {
			names = append(names, it.Name)
			bare = bare || it.kes.Spec == nil
		}
	}
	var out []Step
	if !bare {
		out = append(out, Step{
			What:    "one resource each: mode freeze or protect in Git sets spec.controllerId; outside Argo CD, the command does",
			Command: "kubectl patch " + kesKind + " -n " + namespace + " --type merge -p '{\"spec\":{\"controllerId\":\"" + Frozen + "\"}}' " + strings.Join(names, " "),
			Check:   "after two poll intervals, .status.lastSync is the same as after one",
			Back:    "kubectl patch " + kesKind + " -n " + namespace + " --type merge -p '{\"spec\":{\"controllerId\":null}}' " + strings.Join(names, " "),
		})
	}
	for _, c := range p.l.kesList {
		if c.Kind != "Deployment" || c.Replicas == 0 {
			continue
		}
		if list := p.others(&c, namespace); len(list) > 0 {
			out = append(out, Step{
				What:    fmt.Sprintf("the whole namespace: %s without %s in WATCHED_NAMESPACES; it restarts, and goes on with all others", c.String(), namespace),
				Patch:   watchedPatch(&c, list),
				Command: fmt.Sprintf("kubectl rollout status -n %s deployment %s", c.Namespace, c.Name),
				Check:   "no pod with the old value is left, those that end among them",
				Back:    "take the patch out of Git",
			})
		}
		out = append(out, Step{
			What:    fmt.Sprintf("everything: scale %s to 0; no Secret of KES is refreshed meanwhile", c.String()),
			Command: fmt.Sprintf("kubectl scale -n %s deployment %s --replicas 0", c.Namespace, c.Name),
			Check:   fmt.Sprintf("kubectl get pods -n %s: none is left, those that end among them", c.Namespace),
			Back:    fmt.Sprintf("kubectl scale -n %s deployment %s --replicas %d, when no KES resource of a moved Secret is left", c.Namespace, c.Name, c.Replicas),
		})
	}
	return out
}

// others are the namespaces that a KES has to go on with. With no list of its
// own those in which KES objects were seen, which is all only where all were
// looked at.
func (p *planning) others(c *Controller, namespace string) []string {
	list := c.Watched
	if len(list) == 0 {
		if p.o.Namespace != "" {
			p.l.note("WATCHED_NAMESPACES has to name all other namespaces with KES resources: kesbridge cutover plan -A knows them")
			return nil
		}
		set := map[string]bool{}
		for _, k := range p.l.kes {
			set[k.Metadata.Namespace] = true
		}
		list = slices.Sorted(maps.Keys(set))
	}
	return slices.DeleteFunc(slices.Clone(list), func(ns string) bool { return ns == namespace })
}

func watchedPatch(c *Controller, list []string) string {
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: %s
  namespace: %s
spec:
  template:
    spec:
      containers:
      - name: %s
        env:
        - name: WATCHED_NAMESPACES
          value: %q
`, c.Name, c.Namespace, c.container, strings.Join(list, ","))
}

// secret plans one Secret.
func (p *planning) secret(it *Item, v *Application) SecretPlan {
	out := SecretPlan{Namespace: it.Namespace, Name: it.Name, State: it.State, Problems: p.problems(it, v)}
	if it.secret == nil || len(it.eso) != 1 {
		return out
	}
	e, s := it.eso[0], it.secret
	back := ""
	if it.kes != nil {
		back = "kesbridge cutover rollback -n " + it.Namespace + " --yes " + it.Name
	}
	if !s.ownedBy(e.Metadata.UID) || s.ownedByKES() {
		out.Steps = append(out.Steps, Step{
			What:    "move the owner in one compare-and-swap; a conflict means that somebody wrote the Secret: plan again",
			Command: ownerPatch(s, owners(s.Metadata.OwnerReferences, e)),
			Check:   fmt.Sprintf("kubectl get secret -n %s %s -o jsonpath='{.metadata.uid} {.metadata.ownerReferences}': uid %s, owned by ESO's %s", it.Namespace, it.Name, s.Metadata.UID, e.Metadata.UID),
			Back:    strings.Replace(ownerPatch(s, s.Metadata.OwnerReferences), `"resourceVersion":"`+s.Metadata.ResourceVersion+`",`, "", 1),
		})
	}
	if it.State != ESO {
		out.Steps = append(out.Steps, Step{
			What:    "wake ESO, which may be deaf for the Secret since it failed to own it",
			Command: fmt.Sprintf("kubectl annotate %s -n %s %s --overwrite %s=\"$(date +%%s)\"", esoKind, it.Namespace, e.Metadata.Name, Touched),
			Check:   fmt.Sprintf(`kubectl get secret -n %s %s -o jsonpath='{.metadata.labels.reconcile\.external-secrets\.io/created-by} {.metadata.annotations.reconcile\.external-secrets\.io/data-hash}': both are there (Ready alone lies)`, it.Namespace, it.Name),
			Back:    back,
		})
	}
	if it.kes != nil {
		out.Steps = append(out.Steps, Step{
			What:    "save the KES resource and remove it, leaving the Secret",
			Command: fmt.Sprintf("kubectl get %[1]s -n %[2]s %[3]s -o yaml > %[3]s-kes.yaml && kubectl delete %[1]s -n %[2]s %[3]s --cascade=orphan", kesKind, it.Namespace, it.Name),
			Check:   fmt.Sprintf("kubectl get secret -n %s %s -o jsonpath='{.metadata.uid}': %s", it.Namespace, it.Name, s.Metadata.UID),
			Back:    fmt.Sprintf("take status, uid, resourceVersion, finalizers, deletionTimestamp and controllerId out of %[1]s-kes.yaml, kubectl apply -f it, then kesbridge cutover rollback -n %[2]s --yes %[1]s", it.Name, it.Namespace),
		})
		out.WithoutKubeconfig = withoutKubeconfig(it, e, v)
	}
	return out
}

// problems are what run would refuse, as far as metadata tells.
func (p *planning) problems(it *Item, v *Application) []Problem {
	f := &facts{kes: it.kes, secret: it.secret, stores: func(r storeRef) string { return p.l.stores[storeNamespace(it.Namespace, r)+"/"+r.Kind+"/"+r.Name] }}
	if it.kes != nil {
		f.first, f.served = it.kes.Status.LastSync, it.KES.ServedBy
	}
	if len(it.eso) > 1 {
		return []Problem{{it.Why, "leave one of them"}}
	}
	if len(it.eso) == 1 {
		f.eso = it.eso[0]
	}
	f.blind = true
	return append(f.check(true), checkArgo(v, f.kes, f.eso)...)
}

func ownerPatch(s *secret, list []metav1.OwnerReference) string {
	if list == nil {
		list = []metav1.OwnerReference{}
	}
	body, _ := json.Marshal(struct {
		Metadata struct {
			UID             string                  `json:"uid"`
			ResourceVersion string                  `json:"resourceVersion"`
			OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
		} `json:"metadata"`
	}{Metadata: struct {
		UID             string                  `json:"uid"`
		ResourceVersion string                  `json:"resourceVersion"`
		OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
	}{s.Metadata.UID, s.Metadata.ResourceVersion, list}})
	return fmt.Sprintf("kubectl patch secret -n %s %s --type merge -p '%s'", s.Metadata.Namespace, s.Metadata.Name, body)
}

// withoutKubeconfig is the way of those who have only argocd: an orphaning
// deletion takes the owner out, and ESO's refresh adopts.
func withoutKubeconfig(it *Item, e *esoObject, v *Application) []Step {
	if it.App == "" {
		return nil
	}
	app := it.App
	if ns, name, ok := strings.Cut(app, "_"); ok {
		app = ns + "/" + name
	}
	if v != nil && v.Orphan {
		return nil // Git alone does it
	}
	at := fmt.Sprintf("--namespace %s --resource-name %s", it.Namespace, it.Name)
	return []Step{
		{
			What:    "remove the KES resource with argocd and leave the Secret; only once KES is stopped for it, and the ESO resource is synced",
			Command: fmt.Sprintf("argocd app delete-resource %s --group kubernetes-client.io --kind ExternalSecret %s --orphan", app, at),
			Check:   fmt.Sprintf("argocd app resources %s: the Secret is still there, its KES resource isn't", app),
			Back:    "push the commit that brings the KES resource back (mode protect), before anything else",
		},
		{
			What:    "let ESO look at it again: its action refresh",
			Command: fmt.Sprintf("argocd app actions run %s refresh --group external-secrets.io --kind ExternalSecret --namespace %s --resource-name %s", app, it.Namespace, e.Metadata.Name),
			Check:   "the ESO resource is Healthy and the Secret stands below it in the tree",
		},
	}
}

// after is what comes last.
func (p *planning) after() {
	p.plan.After = []Step{{
		What:    "take KES away only when nothing of it remains: deleting its CRD deletes every Secret that it owns",
		Command: "kesbridge cutover status -A --exit-code",
		Check:   "exit code 0",
	}}
	if len(p.l.kesList) > 0 {
		p.plan.After = append(p.plan.After, Step{What: "give KES its namespaces and replicas back only when no KES resource of a moved Secret is left: it takes back what it sees"})
	}
}
