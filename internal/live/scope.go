package live

// Scopes tells which kinds live in namespaces. Argo CD asks the cluster; here
// the CustomResourceDefinitions and the live objects at hand tell, then a
// table of well-known kinds. A kind that nobody knows is taken for a
// namespaced one, as Argo CD takes it (gitops-engine pkg/utils/kube,
// IsNamespacedOrUnknown).
type Scopes struct{ known map[groupKind]bool }

type groupKind struct{ group, kind string }

// NewScopes learns from definitions and live objects.
func NewScopes(liveObjects, targets []*Object) *Scopes {
	s := &Scopes{known: map[groupKind]bool{}}
	for _, list := range [][]*Object{targets, liveObjects} {
		for _, o := range list {
			s.define(o)
		}
	}
	for _, o := range liveObjects {
		gvk := gvkOf(o)
		if o.GetName() != "" {
			s.known[groupKind{gvk.Group, gvk.Kind}] = o.GetNamespace() != ""
		}
	}
	return s
}

func (s *Scopes) define(o *Object) {
	if !isCRD(o) {
		return
	}
	spec, _ := o.Object["spec"].(map[string]any)
	names, _ := spec["names"].(map[string]any)
	group, _ := spec["group"].(string)
	kind, _ := names["kind"].(string)
	scope, _ := spec["scope"].(string)
	if kind != "" && scope != "" {
		s.known[groupKind{group, kind}] = scope == "Namespaced"
	}
}

// Namespaced reports whether objects of a kind have a namespace, and whether
// that is known.
func (s *Scopes) Namespaced(group, kind string) (namespaced, known bool) {
	gk := groupKind{group, kind}
	if s != nil {
		if n, ok := s.known[gk]; ok {
			return n, true
		}
	}
	if clusterScoped[gk] {
		return false, true
	}
	return true, builtinGroups[group]
}

// clusterScoped are Kubernetes's own kinds outside namespaces (1.33), and
// those of the projects that apps bring most often.
var clusterScoped = kinds(map[string][]string{
	"":                             {"Namespace", "Node", "PersistentVolume", "ComponentStatus"},
	"admissionregistration.k8s.io": {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"},
	"apiextensions.k8s.io":         {"CustomResourceDefinition"},
	"apiregistration.k8s.io":       {"APIService"},
	"authentication.k8s.io":        {"TokenReview", "SelfSubjectReview"},
	"authorization.k8s.io":         {"SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"},
	"certificates.k8s.io":          {"CertificateSigningRequest", "ClusterTrustBundle"},
	"flowcontrol.apiserver.k8s.io": {"FlowSchema", "PriorityLevelConfiguration"},
	"networking.k8s.io":            {"IngressClass", "IPAddress", "ServiceCIDR"},
	"node.k8s.io":                  {"RuntimeClass"},
	"policy":                       {"PodSecurityPolicy"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
	"resource.k8s.io":              {"DeviceClass", "ResourceSlice"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"storage.k8s.io":               {"StorageClass", "CSIDriver", "CSINode", "VolumeAttachment", "VolumeAttributesClass"},
	"internal.apiserver.k8s.io":    {"StorageVersion"},

	"external-secrets.io":            {"ClusterSecretStore", "ClusterExternalSecret", "ClusterPushSecret"},
	"generators.external-secrets.io": {"ClusterGenerator"},
	"cert-manager.io":                {"ClusterIssuer"},
	"gateway.networking.k8s.io":      {"GatewayClass"},
	"snapshot.storage.k8s.io":        {"VolumeSnapshotClass", "VolumeSnapshotContent"},
	"kyverno.io":                     {"ClusterPolicy", "ClusterCleanupPolicy"},
	"templates.gatekeeper.sh":        {"ConstraintTemplate"},
	"karpenter.sh":                   {"NodePool", "NodeClaim"},
	"karpenter.k8s.aws":              {"EC2NodeClass"},
	"cilium.io":                      {"CiliumClusterwideNetworkPolicy"},
	"crd.projectcalico.org":          {"GlobalNetworkPolicy", "IPPool"},
})

// builtinGroups are those whose kinds are all known.
var builtinGroups = map[string]bool{
	"": true, "apps": true, "batch": true, "autoscaling": true, "policy": true, "extensions": true, "networking.k8s.io": true,
	"rbac.authorization.k8s.io": true, "storage.k8s.io": true, "coordination.k8s.io": true, "discovery.k8s.io": true, "events.k8s.io": true,
	"admissionregistration.k8s.io": true, "scheduling.k8s.io": true, "node.k8s.io": true, "external-secrets.io": true, "kubernetes-client.io": true,
}

func kinds(m map[string][]string) map[groupKind]bool {
	out := map[groupKind]bool{}
	for group, list := range m {
		for _, kind := range list {
			out[groupKind{group, kind}] = true
		}
	}
	return out
}
