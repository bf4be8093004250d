package store

import "strings"

// CredentialSecret is the Secret that a generated store reads a variable of KES
// from, where Git has it in plain text; empty where no store reads it.
func CredentialSecret(variable string) string {
	backend := ""
	switch family, _, _ := strings.Cut(variable, "_"); family {
	case "AWS":
		backend = "secretsManager"
	case "VAULT":
		backend = "vault"
	case "AZURE":
		backend = "azureKeyVault"
	case "GOOGLE":
		backend = "gcpSecretsManager"
	case "ALICLOUD":
		backend = "alicloudSecretsManager"
	case "IBM":
		backend = "ibmcloudSecretsManager"
	case "AKEYLESS":
		backend = "akeyless"
	}
	return providers[backend].credentials
}
