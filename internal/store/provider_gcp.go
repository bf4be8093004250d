package store

import (
	"strings"

	"kesbridge/internal/manifest"
)

const gkeAnnotation = "iam.gke.io/gcp-service-account"

// buildGCP follows KES's config/gcp-config.js (application default
// credentials: a key file, else the pod's identity) and lib/backends/
// gcp-secrets-manager-backend.js.
func buildGCP(b *builder) manifest.Map {
	var m manifest.Map
	m.Set("projectID", b.project())
	if auth := b.gcpAuth(); auth != nil {
		m.Set("auth", auth)
	}
	b.setDefault(&m, "secretVersionSelectionPolicy")
	return m
}

// project is the resource's, else what google-auth-library takes first. ESO
// before 2.2 can't do without.
func (b *builder) project() string {
	names := []string{"GCLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"}
	if b.Need.ProjectID != "" {
		return b.Need.ProjectID
	}
	for _, name := range names {
		switch v := b.look(name); {
		case v.value != "":
			return v.value
		case v.set():
			b.unknown(b.path+".projectID", true, "%s", b.where(v))
			return ""
		}
	}
	b.unknown(b.path+".projectID", true, "the resource has no projectId, so KES takes the project of its own credentials, which Git doesn't tell: write spec.projectId")
	return ""
}

func (b *builder) gcpAuth() manifest.Map {
	access := "what reads must be allowed roles/secretmanager.secretAccessor on the secrets in project " + first(b.Need.ProjectID, "of KES") + ", as for KES"
	if v := b.optional("GOOGLE_APPLICATION_CREDENTIALS"); v.set() {
		b.grant("%s: it goes on being the account of KES's key file", access)
		key, ok := b.KES.File(v.value)
		const field = "auth.secretRef.secretAccessKeySecretRef"
		switch {
		case !ok:
			b.unknown(b.path+"."+field, true, "KES has its key in %s (GOOGLE_APPLICATION_CREDENTIALS), a file that no Secret in Git gives it: put it into a Secret and name that here", first(v.value, "a file"))
			return nil
		case key.Kind != "Secret":
			v.value, v.key = "", key
			return manifest.Map{{Key: "secretRef", Value: manifest.Map{{Key: "secretAccessKeySecretRef", Value: b.selector(field, v)}}}}
		}
		return manifest.Map{{Key: "secretRef", Value: manifest.Map{{Key: "secretAccessKeySecretRef", Value: b.secret(field, key, "")}}}}
	}
	b.grant("%s", access)
	account := ""
	if b.KES != nil {
		account = b.KES.ServiceAccount.Annotations[gkeAnnotation]
	}
	if account == "" {
		b.ambient()
		b.unknown(b.path+".auth", false, "Git shows no Google identity of KES's (that of its node, or of its service account without annotation): ESO's own has to read the same")
		return nil
	}
	ref, name, ok := b.account()
	if !ok {
		b.ambient()
		b.grant("Google service account %s: annotate ESO's service account with %s: %s, and give it roles/iam.workloadIdentityUser on that account, which %s has now", account, gkeAnnotation, account, b.whose())
		if !b.cluster && b.kesNamespace() != "" {
			b.grant("or make a service account with that annotation and role in the store's namespace, and name it in %s.auth.workloadIdentity.serviceAccountRef", b.path)
		}
		return nil
	}
	b.grant("Google service account %s: serviceAccount:PROJECT.svc.id.goog[%s/%s] must keep roles/iam.workloadIdentityUser on it, as for KES", account, b.kesNamespace(), name)
	b.useAccount("auth.workloadIdentity.serviceAccountRef", name)
	const field = ".auth.workloadIdentity"
	if strings.HasSuffix(b.Profile.APIVersion(), "/v1beta1") {
		// From 0.16 on ESO asks GKE's metadata server
		// (pkg/provider/gcp/secretmanager/workload_identity.go).
		b.unknown(b.path+field+".clusterLocation", true, "the region or zone of the GKE cluster, which Git doesn't tell and ESO before 0.16 can't do without")
		b.unknown(b.path+field+".clusterName", true, "the name of the GKE cluster, which Git doesn't tell and ESO before 0.16 can't do without")
		b.unknown(b.path+field+".clusterProjectID", false, "the project of the GKE cluster: ESO before 0.16 takes the project of the secrets")
	}
	return manifest.Map{{Key: "workloadIdentity", Value: manifest.Map{{Key: "serviceAccountRef", Value: ref}}}}
}
