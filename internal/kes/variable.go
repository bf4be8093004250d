package kes

import (
	"regexp"
	"slices"
	"strings"
)

// variables are the environment variables that a KES Deployment may well
// hold: those that KES reads (config/ and lib/backends/ of 8.5.5), those that
// the libraries under it read, and those whose names are near to one of them.
var variables = []string{
	"POLLER_INTERVAL_MILLISECONDS", "DISABLE_POLLING", "WATCHED_NAMESPACES", "WATCH_TIMEOUT", "INSTANCE_ID",
	"ENFORCE_NAMESPACE_ANNOTATIONS", "ROLE_PERMITTED_ANNOTATION", "NAMING_PERMITTED_ANNOTATION",
	"METRICS_PORT", "LOG_LEVEL", "LOG_MESSAGE_KEY", "LOG_BASE_PID_KEY", "LOG_BASE_HOSTNAME_KEY", "USE_HUMAN_READABLE_LOG_LEVELS",
	"NODE_ENV", "NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "NODE_TLS_REJECT_UNAUTHORIZED",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",

	"AWS_REGION", "AWS_DEFAULT_REGION", "AMAZON_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_INTERMEDIATE_ROLE_ARN", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE",
	"AWS_SM_ENDPOINT", "AWS_SSM_ENDPOINT", "AWS_STS_ENDPOINT", "AWS_STS_ENDPOINT_TYPE", "AWS_STS_REGIONAL_ENDPOINTS",
	"AWS_SDK_LOAD_CONFIG", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
	"LOCALSTACK", "LOCALSTACK_SM_URL", "LOCALSTACK_SSM_URL", "LOCALSTACK_STS_URL",

	"VAULT_ADDR", "VAULT_NAMESPACE", "VAULT_TOKEN", "VAULT_TOKEN_RENEW_THRESHOLD", "VAULT_PREFIX", "VAULT_SKIP_VERIFY",
	"VAULT_CACERT", "VAULT_CAPATH", "DEFAULT_VAULT_MOUNT_POINT", "DEFAULT_VAULT_ROLE",

	"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME", "AZURE_PASSWORD",
	"AZURE_KEY_VAULT_DNS_SUFFIX", "AZURE_ENVIRONMENT", "AZURE_AUTHORITY_HOST",
	"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT",

	"IBM_CLOUD_SECRETS_MANAGER_API_APIKEY", "IBM_CLOUD_SECRETS_MANAGER_API_ENDPOINT", "IBM_CLOUD_SECRETS_MANAGER_API_AUTH_TYPE",
	"IBM_CLOUD_SECRETS_MANAGER_API_AUTH_URL", "IBM_CLOUD_SECRETS_MANAGER_API_IAM_PROFILE_NAME", "IBM_CLOUD_SECRETS_MANAGER_API_IAM_PROFILE_ID",
	"IBM_CLOUD_SECRETS_MANAGER_API_CR_TOKEN_FILENAME",
	"AKEYLESS_API_ENDPOINT", "AKEYLESS_ACCESS_ID", "AKEYLESS_ACCESS_TYPE", "AKEYLESS_ACCESS_TYPE_PARAM",
	"ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_ENDPOINT",
}

// Variables are those that KES, or a library under it, reads.
func Variables() []string { return slices.Clone(variables) }

// IsVariable reports whether KES, or a library under it, reads a variable.
func IsVariable(name string) bool { return slices.Contains(variables, name) }

// fileVariables name a file in the container.
var fileVariables = []string{
	"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AZURE_CLIENT_CERTIFICATE_PATH", "GOOGLE_APPLICATION_CREDENTIALS", "NODE_EXTRA_CA_CERTS", "VAULT_CACERT",
}

var (
	secretName = regexp.MustCompile(`(?i)SECRET|TOKEN|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE`)
	// secretValue is what credentials look like: a user in a URL or before a
	// host, a token in a query, PEM and JSON keys, AWS access keys, JSON web
	// tokens, and the tokens of Vault, GitHub, GitLab and Slack.
	secretValue = regexp.MustCompile(`(?i)://[^/?#\s]*@|^[^/@\s]*:[^/@\s]*@|[?&](token|sig|signature|password|secret|api_?key|access_?key)=|-----BEGIN|"?private_key"?\s*:` +
		`|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\beyJ[\w-]{8,}\.[\w-]+\.|\bhv[bsr]\.[\w-]{8,}|\b[sbr]\.[0-9a-z]{24}\b|\b(gh[opsu]|glpat|xox[abprs])[-_][\w-]{10,}`)
	// filePath is a path that a variable may name.
	filePath = regexp.MustCompile(`^\.{0,2}(/[\w.-]+)+$`)
)

// IsSecret reports whether a variable may hold a secret, by its name or its
// value. It rather says so once too often: what it lets through is printed.
func IsSecret(name, value string) bool {
	upper := strings.ReplaceAll(strings.ToUpper(name), "SECRETS_MANAGER", "") // IBM's, of which not all are secrets
	switch {
	case secretValue.MatchString(value):
		return true
	case upper == "AKEYLESS_ACCESS_TYPE_PARAM":
		return true // an access key, where the access type is that
	case upper == "VAULT_TOKEN_RENEW_THRESHOLD":
		return strings.Trim(value, "0123456789.") != ""
	case slices.Contains(fileVariables, upper) || strings.HasSuffix(upper, "_PATH") || strings.HasSuffix(upper, "_FILE") || strings.HasSuffix(upper, "_FILENAME"):
		return secretName.MatchString(upper) && value != "" && !filePath.MatchString(value)
	}
	return secretName.MatchString(upper)
}
