package config

import (
	"slices"
	"strconv"
	"strings"

	"kesbridge/internal/spelling"
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
	"AKEYLESS_API_ENDPOINT", "AKEYLESS_ACCESS_ID", "AKEYLESS_ACCESS_TYPE", "AKEYLESS_ACCESS_TYPE_PARAM",
	"ALICLOUD_ACCESS_KEY_ID", "ALICLOUD_ACCESS_KEY_SECRET", "ALICLOUD_ENDPOINT",
}

// checkVariable refuses a name that is a slip away from a known one. Other
// unknown names are fine: a Deployment holds more than KES reads, and the
// point of this key is that its environment can be copied.
func checkVariable(name string) string {
	if slices.Contains(variables, name) {
		return ""
	}
	if s := spelling.Closest(name, variables); s != "" && (spelling.Distance(name, s) <= 2 || strings.EqualFold(name, s)) {
		return "is not a variable of KES: did you mean " + strconv.Quote(s) + "?"
	}
	return ""
}

// IsVariable reports whether KES, or a library under it, reads a variable.
func IsVariable(name string) bool { return slices.Contains(variables, name) }
