package store

import "kesbridge/internal/manifest"

const (
	azureClient   = "azure.workload.identity/client-id"
	azureTenant   = "azure.workload.identity/tenant-id"
	azureUse      = "azure.workload.identity/use"
	podIdentity   = "aadpodidbinding"
	azureIdentity = "AZURE_CLIENT_ID"
)

// buildAzure follows KES's config/azure-config.js (DefaultAzureCredential: a
// service principal in the environment, workload identity, managed identity)
// and lib/backends/azure-keyvault-backend.js. ESO wants to be told which.
func buildAzure(b *builder) manifest.Map {
	m := manifest.Map{{Key: "vaultUrl", Value: b.vaultURL()}}
	environment := "PublicCloud" // also for what KES doesn't know
	if v := b.optional("AZURE_ENVIRONMENT"); v.set() {
		if e := azureEnvironments[v.value]; e != "" {
			environment = e
		} else if v.value == "" {
			b.unknown(b.path+".environmentType", true, "%s", b.where(v))
		} else if v.value != "AzureCloud" && b.look("AZURE_AUTHORITY_HOST").set() {
			b.unknown(b.path+".environmentType", true, "KES doesn't know AZURE_ENVIRONMENT %s and logs in at AZURE_AUTHORITY_HOST: say which cloud that is", v.value)
		} else if v.value != "AzureCloud" {
			b.unknown(b.path+".environmentType", false, "KES doesn't know AZURE_ENVIRONMENT %s and logs in at the public cloud: PublicCloud does the same", v.value)
		}
	}
	m.Set("environmentType", environment)
	b.azureAuth(&m)
	b.setDefault(&m, "useAzureSDK")
	return m
}

func (b *builder) vaultURL() string {
	if b.Need.KeyVaultName == "" {
		b.unknown(b.path+".vaultUrl", true, "the resource has no keyVaultName")
	}
	suffix := b.optional("AZURE_KEY_VAULT_DNS_SUFFIX")
	if suffix.set() && suffix.value == "" {
		b.unknown(b.path+".vaultUrl", true, "%s", b.where(suffix))
	}
	return "https://" + b.Need.KeyVaultName + "." + first(suffix.value, "vault.azure.net")
}

func (b *builder) azureAuth(m *manifest.Map) {
	access := "what reads must be allowed to get secrets of Key Vault " + first(b.Need.KeyVaultName, "?") + " (role Key Vault Secrets User, or an access policy), as for KES"
	tenant, client, secret := b.optional("AZURE_TENANT_ID"), b.optional(azureIdentity), b.optional("AZURE_CLIENT_SECRET")
	switch {
	case client.set() && secret.set():
		b.grant("%s: it goes on being KES's service principal", access)
		m.Set("authType", "ServicePrincipal")
		if tenant.value != "" {
			m.Set("tenantId", tenant.value)
		} else {
			b.unknown(b.path+".tenantId", true, "%s", b.where(tenant))
		}
		m.Set("authSecretRef", manifest.Map{
			{Key: "clientId", Value: b.selector("authSecretRef.clientId", client)},
			{Key: "clientSecret", Value: b.selector("authSecretRef.clientSecret", secret)},
		})
		return
	case b.look("AZURE_USERNAME").set() || b.look("AZURE_PASSWORD").set():
		b.unknown(b.path+".authType", true, "KES logs in with AZURE_USERNAME and AZURE_PASSWORD, for which ESO has no form: give it a service principal")
		return
	case b.look("AZURE_CLIENT_CERTIFICATE_PATH").set():
		b.unknown(b.path+".authSecretRef.clientCertificate", true, "KES logs in with the certificate in AZURE_CLIENT_CERTIFICATE_PATH: put it into a Secret and name that here")
		return
	}
	b.grant("%s", access)
	if b.KES == nil {
		b.unknown(b.path+".authType", true, "how KES logs in to Azure; say where its settings are (controller in kesbridge.yaml)")
		return
	}
	sa := b.KES.ServiceAccount.Annotations
	switch {
	case sa[azureClient] != "" || b.KES.PodLabels[azureUse] == "true":
		b.azureWorkload(m, sa[azureClient], sa[azureTenant], tenant)
	case b.KES.PodLabels[podIdentity] != "":
		m.Set("authType", "ManagedIdentity")
		if client.value != "" {
			m.Set("identityId", client.value)
		}
		b.grant("give ESO's pods the label %s: %s, as KES's have (AAD pod identity); every store without credentials reads with it then", podIdentity, b.KES.PodLabels[podIdentity])
	case client.value != "" && !secret.open:
		// A managed identity of the node, by its id.
		m.Set("authType", "ManagedIdentity")
		m.Set("identityId", client.value)
		b.grant("managed identity %s must be assigned to the nodes of ESO's pods, as to those of KES", client.value)
	default:
		b.unknown(b.path+".authType", true, "Git shows no Azure identity of KES's (a managed identity of its node?): ManagedIdentity, WorkloadIdentity or ServicePrincipal")
	}
}

// azureWorkload is a federated identity: of KES's service account where the
// store can name that, else of ESO's. ESO refuses a tenant that the account
// says as well.
func (b *builder) azureWorkload(m *manifest.Map, client, accountTenant string, tenant variable) {
	m.Set("authType", "WorkloadIdentity")
	who := first(client, "of KES")
	ref, name, ok := b.account()
	if !ok || client == "" {
		b.ambient()
		b.grant("application %s: add a federated credential for ESO's service account (its subject for KES is %s), annotate that account with %s, and label ESO's pods %s: \"true\"", who, b.whose(), azureClient, azureUse)
		return
	}
	switch {
	case accountTenant != "":
	case tenant.value != "":
		m.Set("tenantId", tenant.value)
	default:
		b.unknown(b.path+".tenantId", false, "the tenant of application %s: ESO takes that of its own pods where they have %s", who, azureUse)
	}
	m.Set("serviceAccountRef", ref)
	b.grant("application %s: its federated credential must go on holding the subject %s, as for KES", who, b.whose())
	b.useAccount("serviceAccountRef", name)
}
