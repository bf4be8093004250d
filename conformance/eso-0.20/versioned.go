package release

import (
	esv1 "github.com/external-secrets/external-secrets/apis/externalsecrets/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func forceRegister(p esv1.Provider, spec *esv1.SecretStoreProvider) {
	esv1.ForceRegister(p, spec, esv1.MaintenanceStatusMaintained)
}

func vaultStore() esv1.GenericStore {
	return &esv1.SecretStore{ObjectMeta: metav1.ObjectMeta{Name: "s", Namespace: "ns"}, Spec: esv1.SecretStoreSpec{
		Provider: &esv1.SecretStoreProvider{Vault: &esv1.VaultProvider{Server: "http://127.0.0.1:1"}},
	}}
}

func vaultToken() *corev1.Secret { return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "t"}} }
