package handover

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// RBAC says for what roles are printed.
type RBAC struct {
	// Secrets are names by namespace. A Secret and its KES object share a name.
	Secrets map[string][]string
	// Controllers are Deployments of KES, NAMESPACE/NAME; empty: they are
	// searched, which needs lists of workloads and pods of the whole cluster.
	Controllers []string
	// ListSecrets also lets all Secrets be listed, values included: RBAC knows
	// no list of metadata alone.
	ListSecrets bool
	// Scale lets run scale KES.
	Scale bool
	// Readers lets status see who reads the Secrets.
	Readers bool
	// Argo is the namespace of Argo CD's Applications; empty: they aren't read.
	Argo string
	// Subject gets the roles; its zero value is a Group to fill in.
	Subject Subject
}

// Subject of a binding.
type Subject struct{ Kind, Namespace, Name string }

// SubjectError is a subject that can't be read.
type SubjectError struct{ Text string }

func (e *SubjectError) Error() string {
	return fmt.Sprintf("%q is none of user:NAME, group:NAME, serviceaccount:NAMESPACE/NAME", e.Text)
}

// ParseSubject reads user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME.
func ParseSubject(text string) (Subject, error) {
	kind, name, ok := strings.Cut(text, ":")
	switch ns, short, slash := strings.Cut(name, "/"); {
	case !ok || name == "":
	case kind == "user":
		return Subject{Kind: "User", Name: name}, nil
	case kind == "group":
		return Subject{Kind: "Group", Name: name}, nil
	case kind == "serviceaccount" && slash && ns != "" && short != "":
		return Subject{Kind: "ServiceAccount", Namespace: ns, Name: short}, nil
	}
	return Subject{}, &SubjectError{text}
}

// roleName is that of all roles and bindings.
const roleName = "kesbridge-cutover"

type roleRule struct {
	comment               string
	group                 string
	resources, names, can []string
}

// Manifests are the roles and bindings, as YAML.
func (r *RBAC) Manifests() string {
	var b strings.Builder
	b.WriteString("# What kesbridge cutover needs. Printed by kesbridge cutover rbac; nothing here depends on a cluster.\n")
	role(&b, "", r.cluster(), r.Subject)
	for _, ns := range slices.Sorted(maps.Keys(r.Secrets)) {
		role(&b, ns, r.namespace(slices.Compact(slices.Sorted(slices.Values(r.Secrets[ns])))), r.Subject)
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(r.Controllers))) {
		if ns, name, ok := strings.Cut(id, "/"); ok {
			role(&b, ns, r.kes(name), r.Subject)
		}
	}
	if r.Argo != "" {
		role(&b, r.Argo, []roleRule{{"which commit to push when", "argoproj.io", []string{"applications"}, nil, []string{"get"}}}, r.Subject)
	}
	return b.String()
}

// cluster are the rules for what has no namespace, or is searched everywhere.
func (r *RBAC) cluster() []roleRule {
	out := []roleRule{{"is the store ready", "external-secrets.io", []string{"clustersecretstores"}, nil, []string{"get"}}}
	if len(r.Controllers) == 0 {
		out = append(out,
			roleRule{"find every KES that may serve an object (--kes NAMESPACE/NAME needs it in that namespace only)", "apps", []string{"deployments", "statefulsets", "daemonsets"}, nil, []string{"get", "list"}},
			roleRule{"pods that run or end; ConfigMaps that KES takes variables from", "", []string{"pods"}, nil, []string{"list"}},
			roleRule{"", "", []string{"configmaps"}, nil, []string{"get"}})
	}
	if r.Scale && len(r.Controllers) == 0 {
		out = append(out, roleRule{"--scale-kes; with --kes NAMESPACE/NAME that Deployment alone", "apps", []string{"deployments"}, nil, []string{"patch"}})
	}
	return out
}

func (r *RBAC) kes(name string) []roleRule {
	can := []string{"get"}
	if r.Scale {
		can = append(can, "patch")
	}
	return []roleRule{
		{"does this KES serve an object", "apps", []string{"deployments"}, []string{name}, can},
		{"pods that run or end; ConfigMaps that KES takes variables from", "", []string{"pods"}, nil, []string{"list"}},
		{"", "", []string{"configmaps"}, nil, []string{"get"}},
	}
}

// namespace are the rules for one namespace with Secrets.
func (r *RBAC) namespace(names []string) []roleRule {
	out := []roleRule{
		{"the KES resources", "kubernetes-client.io", []string{"externalsecrets"}, nil, []string{"list"}},
		{"removed with orphan propagation at the end; patch is for rollback", "kubernetes-client.io", []string{"externalsecrets"}, names, []string{"get", "patch", "delete"}},
		{"rollback creates them again; a name can't be given for that", "kubernetes-client.io", []string{"externalsecrets"}, nil, []string{"create"}},
		{"touched; rollback guards and removes them; --prove makes one for a moment", "external-secrets.io", []string{"externalsecrets"}, nil, []string{"get", "list", "create", "patch", "delete"}},
		{"a cluster with OwnerReferencesPermissionEnforcement asks this of who names an owner with blockOwnerDeletion", "external-secrets.io", []string{"externalsecrets/finalizers"}, nil, []string{"update"}},
		{"is the store ready", "external-secrets.io", []string{"secretstores"}, nil, []string{"get"}},
		{"compared by digest before and after; the owner is moved", "", []string{"secrets"}, names, []string{"get", "patch"}},
		{"kesbridge deletes no Secret; OwnerReferencesPermissionEnforcement lets only who may delete an object change its owners: leave it out without that", "", []string{"secrets"}, names, []string{"delete"}},
	}
	var proofs []string
	for _, name := range names {
		proofs = append(proofs, proofName(name))
	}
	out = append(out, roleRule{"--prove reads the second Secret that ESO makes for a moment", "", []string{"secrets"}, proofs, []string{"get"}})
	if r.ListSecrets {
		out = append(out, roleRule{"finds Secrets whose KES resource is gone; whoever has it can read every Secret of the namespace", "", []string{"secrets"}, nil, []string{"list"}})
	}
	if r.Readers {
		out = append(out,
			roleRule{"who reads the Secrets", "", []string{"pods", "serviceaccounts"}, nil, []string{"list"}},
			roleRule{"", "apps", []string{"deployments", "statefulsets", "daemonsets"}, nil, []string{"list"}},
			roleRule{"", "batch", []string{"jobs", "cronjobs"}, nil, []string{"list"}},
			roleRule{"", "networking.k8s.io", []string{"ingresses"}, nil, []string{"list"}})
	}
	return out
}

// role prints a Role or ClusterRole and its binding. Two Roles may stand in one
// namespace (Secrets, and KES itself), so the name tells them apart.
func role(b *strings.Builder, namespace string, rules []roleRule, s Subject) {
	kind, where, name := "ClusterRole", "", roleName
	if namespace != "" {
		kind, where = "Role", "  namespace: "+namespace+"\n"
		if rules[0].group == "apps" {
			name += "-kes"
		}
		if rules[0].group == "argoproj.io" {
			name += "-argocd"
		}
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %s\nmetadata:\n  name: %s\n%srules:\n", kind, name, where)
	for _, r := range rules {
		if r.comment != "" {
			fmt.Fprintf(b, "# %s\n", r.comment)
		}
		fmt.Fprintf(b, "- apiGroups: [%q]\n  resources: [%s]\n", r.group, strings.Join(r.resources, ", "))
		if len(r.names) > 0 {
			fmt.Fprintf(b, "  resourceNames:\n")
			for _, n := range r.names {
				fmt.Fprintf(b, "  - %q\n", n)
			}
		}
		fmt.Fprintf(b, "  verbs: [%s]\n", strings.Join(r.can, ", "))
	}
	fmt.Fprintf(b, "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: %sBinding\nmetadata:\n  name: %s\n%sroleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: %s\n  name: %s\nsubjects:\n", kind, name, where, kind, name)
	switch {
	case s.Kind == "":
		b.WriteString("- apiGroup: rbac.authorization.k8s.io\n  kind: Group # fill in, or give --subject\n  name: GROUP\n")
	case s.Kind == "ServiceAccount":
		fmt.Fprintf(b, "- kind: ServiceAccount\n  namespace: %q\n  name: %q\n", s.Namespace, s.Name)
	default:
		fmt.Fprintf(b, "- apiGroup: rbac.authorization.k8s.io\n  kind: %s\n  name: %q\n", s.Kind, s.Name)
	}
}
