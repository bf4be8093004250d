package release

import (
	"context"

	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1beta1"
	esmeta "github.com/external-secrets/external-secrets/apis/meta/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func forceRegister(p esv1.Provider, spec *esv1.SecretStoreProvider) {
	esv1.ForceRegister(p, spec)
}

func vaultStore() esv1.GenericStore {
	return &esv1.SecretStore{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "ns"}, Spec: esv1.SecretStoreSpec{
		Provider: &esv1.SecretStoreProvider{Vault: &esv1.VaultProvider{
			Server: "http://127.0.0.1:1", Auth: esv1.VaultAuth{TokenSecretRef: &esmeta.SecretKeySelector{Name: "t", Key: "t"}},
		}},
	}}
}

func vaultToken() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "t", Namespace: "ns"}, Data: map[string][]byte{"t": []byte("token")}}
}

// withStatus reads the status subresource, which the fake client only writes:
// a server sends the whole object.
type withStatus struct{ client.Client }

func (c withStatus) SubResource(name string) client.SubResourceClient {
	return statusClient{c.Client.SubResource(name), c}
}

type statusClient struct {
	client.SubResourceClient
	of client.Client
}

func (s statusClient) Get(ctx context.Context, o, sub client.Object, _ ...client.SubResourceGetOption) error {
	return s.of.Get(ctx, client.ObjectKeyFromObject(o), sub)
}
