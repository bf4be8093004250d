// Package release asks ESO v0.9.20 what kesbridge's simulation is asked.
package release

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1beta1"
	genv1alpha1 "github.com/external-secrets/external-secrets/apis/generators/v1alpha1"
	"github.com/external-secrets/external-secrets/pkg/controllers/externalsecret"
	"github.com/external-secrets/external-secrets/pkg/controllers/externalsecret/esmetrics"
	ctrlmetrics "github.com/external-secrets/external-secrets/pkg/controllers/metrics"
	template "github.com/external-secrets/external-secrets/pkg/template/v2"
	"github.com/external-secrets/external-secrets/pkg/utils"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/tools/record"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"kesbridge/conformance/eso"
)

// Version is the release.
const Version = "0.9.20"

// Release is ESO v0.9.20.
type Release struct{ scheme *runtime.Scheme }

// New sets up what ESO's main does before it reconciles.
func New() (*Release, error) {
	r := &Release{scheme: runtime.NewScheme()}
	ctrl.SetLogger(logr.Discard())
	ctrlmetrics.SetUpLabelNames(false)
	esmetrics.SetUpMetrics()
	if err := registerProviders(); err != nil {
		return nil, err
	}
	return r, errors.Join(corev1.AddToScheme(r.scheme), esv1.AddToScheme(r.scheme), genv1alpha1.AddToScheme(r.scheme))
}

// Template renders one key.
func (r *Release) Template(text []byte, values map[string][]byte) ([]byte, error) {
	s := &corev1.Secret{}
	err := template.Execute(map[string][]byte{"k": text}, values, esv1.TemplateScopeValues, esv1.TemplateTargetData, s)
	return s.Data["k"], err
}

// Literal renders and reads templateFrom.literal.
func (r *Release) Literal(text []byte, values map[string][]byte) (map[string][]byte, error) {
	s := &corev1.Secret{}
	err := template.Execute(map[string][]byte{"k": text}, values, esv1.TemplateScopeKeysAndValues, esv1.TemplateTargetData, s)
	return s.Data, err
}

// Decode is DecodeMap.
func (r *Release) Decode(strategy string, m map[string][]byte) (map[string][]byte, error) {
	return utils.DecodeMap(esv1.ExternalSecretDecodingStrategy(strategy), m)
}

// Rewrite is RewriteMap.
func (r *Release) Rewrite(ops []eso.Rewrite, m map[string][]byte) (map[string][]byte, error) {
	var list []esv1.ExternalSecretRewrite
	for _, op := range ops {
		list = append(list, esv1.ExternalSecretRewrite{Regexp: &esv1.ExternalSecretRewriteRegexp{Source: op.Source, Target: op.Target}})
	}
	return utils.RewriteMap(list, m)
}

// Convert is ConvertKeys.
func (r *Release) Convert(strategy string, m map[string][]byte) (map[string][]byte, error) {
	return utils.ConvertKeys(esv1.ExternalSecretConversionStrategy(strategy), m)
}

// Validate is ValidateKeys.
func (r *Release) Validate(m map[string][]byte) (map[string][]byte, error) {
	if !utils.ValidateKeys(m) {
		return nil, errors.New("invalid keys")
	}
	return m, nil
}

func remoteRef(ref *eso.Ref) esv1.ExternalSecretDataRemoteRef {
	return esv1.ExternalSecretDataRemoteRef{
		Key: ref.Key, Property: ref.Property, Version: ref.Version,
		DecodingStrategy: esv1.ExternalSecretDecodingStrategy(ref.Decode), MetadataPolicy: esv1.ExternalSecretMetadataPolicyNone,
	}
}

// Secret is a provider's GetSecret.
func (r *Release) Secret(in *eso.Input) ([]byte, error) {
	c, err := newClient(in, in)
	if err != nil {
		return nil, err
	}
	return c.GetSecret(context.Background(), remoteRef(in.Ref))
}

// Map is a provider's GetSecretMap.
func (r *Release) Map(in *eso.Input) (map[string][]byte, error) {
	c, err := newClient(in, in)
	if err != nil {
		return nil, err
	}
	return c.GetSecretMap(context.Background(), remoteRef(in.Ref))
}

// running are the inputs of the syncs that are under way, by the UID of their
// store.
var running sync.Map

// Sync runs the controller's Reconcile on an empty namespace.
func (r *Release) Sync(in *eso.Input) (*eso.Answer, error) {
	es := &esv1.ExternalSecret{}
	if err := eso.Strict(in.Of.Object, es); err != nil {
		return nil, fmt.Errorf("the API server refuses the object: %w", err)
	}
	if es.APIVersion != esv1.SchemeGroupVersion.String() {
		return nil, fmt.Errorf("apiVersion %s", es.APIVersion)
	}
	es.UID, es.Generation = "es", 1
	if es.Spec.SecretStoreRef.Kind == "" {
		es.Spec.SecretStoreRef.Kind = esv1.SecretStoreKind // the CRD's default
	}
	id := fmt.Sprintf("%p", in)
	running.Store(id, in)
	defer running.Delete(id)
	spec := esv1.SecretStoreSpec{Provider: providerSpec(in.Of)}
	meta := metav1.ObjectMeta{Name: es.Spec.SecretStoreRef.Name, UID: types.UID(id)}
	var store client.Object = &esv1.ClusterSecretStore{ObjectMeta: meta, Spec: spec}
	if es.Spec.SecretStoreRef.Kind == esv1.SecretStoreKind {
		meta.Namespace = es.Namespace
		store = &esv1.SecretStore{ObjectMeta: meta, Spec: spec}
	}
	kube := fake.NewClientBuilder().WithScheme(r.scheme).WithObjects(es, store).WithStatusSubresource(es).Build()
	rec := &externalsecret.Reconciler{
		Client: withStatus{kube}, Log: logr.Discard(), Scheme: r.scheme, ClusterSecretStoreEnabled: true,
	}
	set(rec, "recorder", record.EventRecorder(&record.FakeRecorder{}))
	ctx := context.Background()
	if _, err := rec.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(es)}); err != nil {
		return nil, err
	}
	name := es.Spec.Target.Name
	if name == "" {
		name = es.Name
	}
	s := &corev1.Secret{}
	err := kube.Get(ctx, client.ObjectKey{Namespace: es.Namespace, Name: name}, s)
	if apierrors.IsNotFound(err) {
		return &eso.Answer{Nothing: true}, nil
	} else if err != nil {
		return nil, err
	}
	return answer(s)
}

// answer is what the API server makes of a created Secret (ValidateSecret of
// the keys, the type's default), without what ESO marks it with.
func answer(s *corev1.Secret) (*eso.Answer, error) {
	for k := range s.Data {
		if why := validation.IsConfigMapKey(k); len(why) > 0 {
			return nil, fmt.Errorf("the API server refuses the key %q: %v", k, why)
		}
	}
	a := &eso.Answer{Type: string(s.Type), Map: s.Data, Labels: maps.Clone(s.Labels), Annotations: maps.Clone(s.Annotations)}
	if a.Type == "" {
		a.Type = string(corev1.SecretTypeOpaque)
	}
	for _, k := range []string{esv1.AnnotationDataHash, esv1.LabelOwner} {
		delete(a.Labels, k)
		delete(a.Annotations, k)
	}
	return a, nil
}

// raw is JSON with numbers kept as they are, as Vault's client decodes it.
func raw(b []byte) (map[string]any, error) {
	var m map[string]any
	return m, eso.Numbers(b, &m)
}
