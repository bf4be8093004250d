package store

import (
	"fmt"
	"strconv"
	"strings"
)

// Requirements says in short sentences what the store must hold so that it
// reads what KES read, for the one warning about a store that somebody has to
// create. What the manifest leaves to KES's settings is taken from controller,
// its environment, and named where that doesn't tell. Credentials are never
// printed, only the variables that hold them.
//
// Field names are ESO's, the same in v1beta1 and v1 from v0.9.20 to v2.9.0.
func (n Need) Requirements(controller map[string]string) []string {
	n = n.Normal()
	env := environment(controller)
	switch n.Backend {
	case "secretsManager":
		return awsRequirements(n, env, "SecretsManager")
	case "systemManager":
		return awsRequirements(n, env, "ParameterStore")
	case "vault":
		return vaultRequirements(n, env)
	case "azureKeyVault":
		return azureRequirements(n, env)
	case "gcpSecretsManager":
		return gcpRequirements(n, env)
	case "alicloudSecretsManager":
		return alicloudRequirements(n, env)
	case "ibmcloudSecretsManager":
		return ibmRequirements(env)
	case "akeyless":
		return akeylessRequirements(env)
	}
	return []string{fmt.Sprintf("unknown backend %q", n.Backend)}
}

// environment answers questions about KES's environment in words.
type environment map[string]string

// say gives a variable's value, or says where it is to be found; unset says
// what it is when nobody set it, or is empty.
func (e environment) say(field, variable, unset string) string {
	if v := e[variable]; v != "" {
		return field + " " + v + " (" + variable + " of KES)"
	}
	if unset != "" {
		unset = "; " + unset
	}
	return field + ": the " + variable + " of KES's Deployment (not known here" + unset + ")"
}

// given is the manifest's value, or what say says.
func (e environment) given(field, value, variable, unset string) string {
	if value != "" {
		return field + " " + value
	}
	return e.say(field, variable, unset)
}

func awsRequirements(n Need, env environment, service string) []string {
	// KES's AWS SDK takes AWS_REGION; older charts set both, and some only
	// the other.
	variable := "AWS_REGION"
	if env[variable] == "" && env["AWS_DEFAULT_REGION"] != "" {
		variable = "AWS_DEFAULT_REGION"
	}
	reqs := []string{
		"provider aws, service " + service,
		env.given("region", n.Region, variable, "KES's chart sets us-west-2"), // charts/kubernetes-external-secrets/values.yaml:7
	}
	if n.RoleArn != "" {
		reqs = append(reqs, "role "+n.RoleArn)
		if r := env["AWS_INTERMEDIATE_ROLE_ARN"]; r != "" {
			reqs = append(reqs, "additionalRoles ["+r+"] (AWS_INTERMEDIATE_ROLE_ARN of KES)")
		}
	}
	return append(reqs, "auth: the AWS identity that KES ran with")
}

func vaultRequirements(n Need, env environment) []string {
	reqs := []string{
		"provider vault, version v" + strconv.Itoa(n.KVVersion) + ", no path",
		env.say("server", "VAULT_ADDR", "KES's default is http://127.0.0.1:8200"),
	}
	if ns := env["VAULT_NAMESPACE"]; ns != "" {
		reqs = append(reqs, "namespace "+ns+" (VAULT_NAMESPACE of KES)")
	}
	return append(reqs,
		env.given("auth.kubernetes.mountPath", n.VaultMountPoint, "DEFAULT_VAULT_MOUNT_POINT", "KES's default is kubernetes"),
		env.given("auth.kubernetes.role", n.VaultRole, "DEFAULT_VAULT_ROLE", ""),
	)
}

// azureEnvironments are KES's AZURE_ENVIRONMENT (config/azure-config.js) in
// ESO's words.
var azureEnvironments = map[string]string{
	"AzureChinaCloud":        "ChinaCloud",
	"AzureUSGovernmentCloud": "USGovernmentCloud",
	"AzureGermanCloud":       "GermanCloud",
}

func azureRequirements(n Need, env environment) []string {
	// lib/backends/azure-keyvault-backend.js:17-21 of KES
	suffix := first(env["AZURE_KEY_VAULT_DNS_SUFFIX"], "vault.azure.net")
	reqs := []string{"provider azurekv", "vaultUrl https://" + n.KeyVaultName + "." + suffix}
	if n.KeyVaultName == "" {
		reqs[1] = "vaultUrl: the manifest names no keyVaultName"
	}
	if t := azureEnvironments[env["AZURE_ENVIRONMENT"]]; t != "" {
		reqs = append(reqs, "environmentType "+t+" (AZURE_ENVIRONMENT of KES)")
	}
	if t := env["AZURE_TENANT_ID"]; t != "" {
		reqs = append(reqs, "tenantId "+t+" (AZURE_TENANT_ID of KES)")
	}
	return append(reqs, "authType and credentials: the Azure identity that KES ran with")
}

func gcpRequirements(n Need, env environment) []string {
	reqs := []string{"provider gcpsm", "projectID " + n.ProjectID}
	if n.ProjectID == "" {
		// lib/backends/gcp-secrets-manager-backend.js:20-35 of KES
		reqs[1] = "projectID: the project of KES's own credentials (not known here)"
	}
	auth := "auth: the Google identity that KES ran with"
	if env["GOOGLE_APPLICATION_CREDENTIALS"] != "" {
		auth += " (a key file, GOOGLE_APPLICATION_CREDENTIALS: auth.secretRef)"
	}
	return append(reqs, auth)
}

func alicloudRequirements(n Need, env environment) []string {
	reqs := []string{"provider alibaba, which ESO has up to 1.3", alicloudRegion(env["ALICLOUD_ENDPOINT"])}
	if n.RoleArn != "" {
		reqs = append(reqs, "role "+n.RoleArn+": ESO assumes roles through auth.rrsa only, not with an access key as KES did")
	}
	return append(reqs, "auth.secretRef: ALICLOUD_ACCESS_KEY_ID and ALICLOUD_ACCESS_KEY_SECRET of KES")
}

// alicloudRegion reads the region out of kms.REGION.aliyuncs.com or
// kms-vpc.REGION.aliyuncs.com; ESO has no field for the endpoint itself.
func alicloudRegion(endpoint string) string {
	if endpoint == "" {
		return "regionID: from the ALICLOUD_ENDPOINT of KES's Deployment (not known here)"
	}
	host := endpoint[strings.LastIndexByte(endpoint, '/')+1:]
	parts := strings.Split(host, ".")
	if len(parts) > 2 && (parts[0] == "kms" || parts[0] == "kms-vpc") {
		return "regionID " + parts[1] + " (from ALICLOUD_ENDPOINT of KES)"
	}
	return "regionID: the region of " + endpoint + " (ALICLOUD_ENDPOINT of KES)"
}

func ibmRequirements(env environment) []string {
	reqs := []string{"provider ibm", env.say("serviceUrl", "IBM_CLOUD_SECRETS_MANAGER_API_ENDPOINT", "")}
	switch kind := env["IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE"]; strings.ToLower(kind) {
	case "", "iam":
		return append(reqs, "auth.secretRef: IBM_CLOUD_SECRETS_MANAGER_API_APIKEY of KES")
	case "container":
		return append(reqs, "auth.containerAuth: the trusted profile that KES ran with")
	default:
		return append(reqs, "auth: ESO has no form of KES's IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE "+kind)
	}
}

func akeylessRequirements(env environment) []string {
	return []string{
		"provider akeyless",
		env.say("akeylessGWApiURL", "AKEYLESS_API_ENDPOINT", "KES's default is https://api.akeyless.io"),
		"authSecretRef.secretRef: AKEYLESS_ACCESS_ID, AKEYLESS_ACCESS_TYPE and AKEYLESS_ACCESS_TYPE_PARAM of KES",
	}
}
