package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/glob"

	"kesbridge/internal/spelling"
)

// backends are KES's backendTypes (its CRD, 8.5.5).
var backends = []string{
	"secretsManager", "systemManager", "vault", "azureKeyVault",
	"gcpSecretsManager", "alicloudSecretsManager", "ibmcloudSecretsManager", "akeyless",
}

// maxGlob bounds patterns: matching backtracks, and the file may come from
// anybody who can open a pull request.
const maxGlob = 512

// file is the table of all keys. It is built when it is first needed: most
// runs find no kesbridge.yaml.
var file = sync.OnceValue(func() *shape {
	stores := storesShape()
	controller := controllerShape()
	return &shape{kind: object, doc: "Settings of kesbridge, which turns kubernetes-external-secrets (KES) resources into External Secrets Operator (ESO) ones.", fields: []field{
		{name: "defaults", shape: defaultsShape()},
		{name: "controller", shape: controller},
		{name: "stores", shape: stores},
		{name: "clusters", shape: clustersShape(stores, controller)},
		{name: "modes", shape: modesShape()},
		{name: "locked", shape: lockedShape()},
		{name: "templates", shape: templatesShape()},
		{name: "references", shape: referencesShape()},
		{name: "apps", shape: appsShape()},
		{name: "waivers", shape: waiversShape()},
	}}
})

func defaultsShape() *shape {
	return &shape{kind: object, doc: "Settings for every resource.", fields: []field{
		{name: "refreshInterval", shape: durationShape("How often ESO reads the backends. KES polled every 10 seconds unless told otherwise.", DefaultRefreshInterval)},
		{name: "esoVersion", shape: esoVersionShape()},
		{name: "onUnsupported", shape: &shape{kind: text, enum: []string{"fail", "keep"}, preset: DefaultOnUnsupported, doc: "What becomes of a KES resource that can't be converted: the run fails, or it is kept as it was."}},
		{name: "unmatched", shape: &shape{kind: text, enum: []string{"generate", "fail"}, preset: DefaultUnmatched, doc: "Where no stores rule matches: refer to a store whose name is derived from what it must hold, or fail. In the plugin the built-in value is fail."}},
		{name: "origin", shape: &shape{kind: boolean, preset: true, doc: "Write the annotation kesbridge/origin, which names the source file and the KES resource."}},
		{name: "ibmGroup", shape: &shape{kind: text, loose: true, example: "default", doc: "The secret group of IBM Cloud secrets that are read by name (keyByName); no KES manifest tells it."}},
		{name: "fidelity", shape: fidelityShape(DefaultFidelity)},
		{name: "mode", shape: modeShape()},
		{name: "final", shape: finalShape()},
		{name: "guard", shape: &shape{kind: text, enum: []string{GuardPrune, GuardDelete}, preset: GuardPrune, doc: "What keeps Argo CD from taking converted resources away until they are final: prune puts Prune=false and IgnoreExtraneous on them, delete adds Delete=false, for Applications that may be deleted with a cascade."}},
	}}
}

func controllerShape() *shape {
	return &shape{kind: object, doc: "How KES was set up.", fields: []field{
		{name: "env", shape: &shape{kind: dictionary, keys: checkVariable,
			item: &shape{kind: text, loose: true, empty: true},
			doc:  "Environment variables of KES's Deployment, such as AWS_REGION, VAULT_ADDR or POLLER_INTERVAL_MILLISECONDS."}},
		{name: "from", shape: fromShape()},
	}}
}

func storesShape() *shape {
	return &shape{kind: list, doc: "Which store serves which KES resource; the first rule that matches wins.", item: &shape{kind: object, doc: "One rule.", fields: []field{
		{name: "match", shape: matchShape()},
		{name: "store", shape: &shape{kind: object, doc: "The existing store. Without it the store's name is derived, and the rule only gives the other settings.", fields: []field{
			{name: "kind", shape: &shape{kind: text, enum: []string{"SecretStore", "ClusterSecretStore"}, preset: DefaultStoreKind, doc: "Its kind."}},
			{name: "name", required: true, shape: &shape{kind: text, loose: true, pattern: dnsName, wants: "an object's name: lower-case letters, digits, - and .", check: checkName, doc: "Its name."}},
			{name: "path", shape: &shape{kind: text, loose: true, check: checkPath, doc: "The path of an existing Vault store that has one. Keys outside it are refused, since the store can't read them."}},
		}}},
		{name: "refreshInterval", shape: durationShape("How often ESO reads what this rule matches.", nil)},
		{name: "secretBinary", shape: &shape{kind: boolean, preset: false, doc: "The AWS secrets are stored as SecretBinary, which no KES manifest shows."}},
		{name: "fidelity", shape: fidelityShape(nil)},
	}}}
}

func matchShape() *shape {
	key := func(name, doc string) field {
		return field{name: name, shape: &shape{kind: globs, check: checkGlob, doc: doc}}
	}
	backend := key("backend", "KES's backendType: "+strings.Join(backends, ", ")+".")
	backend.shape.check = checkBackend
	backend.shape.example = "gcpSecretsManager"
	return &shape{kind: object, doc: "Which KES resources the rule is for. Every key that is given must hold; without any, all resources. Values are patterns (*, ?, [a-z], {a,b}) or lists of them, one of which must fit. What is unknown is the empty text: ?* asks for a value.", fields: []field{
		backend,
		key("region", "AWS region: the manifest's, else AWS_REGION of controller.env."),
		key("roleArn", "The role that KES assumed."),
		key("vaultMountPoint", "Mount of Vault's Kubernetes auth: the manifest's, else DEFAULT_VAULT_MOUNT_POINT of controller.env, else kubernetes."),
		key("vaultRole", "Vault role: the manifest's, else DEFAULT_VAULT_ROLE of controller.env."),
		key("keyVaultName", "Azure key vault."),
		key("projectId", "Google Cloud project, as the manifest says."),
		key("namespace", "Namespace of the KES resource."),
		key("name", "Name of the KES resource."),
		key("app", "Name of the Argo CD Application."),
		key("project", "Argo CD project."),
		key("cluster", "The cluster's name under clusters."),
		{name: "labels", shape: &shape{kind: dictionary, item: &shape{kind: globs, check: checkGlob}, doc: "Labels of the KES resource; each must be there and fit."}},
	}}
}

func clustersShape(stores, controller *shape) *shape {
	labels := &shape{kind: dictionary, item: &shape{kind: text, loose: true, empty: true}, doc: "Labels of the cluster, as on Argo CD's cluster Secret."}
	return &shape{kind: dictionary, doc: "What differs between clusters, by name; --cluster chooses. Lists come before the common ones, values win over them, environment variables are merged.", item: &shape{kind: object, doc: "One cluster.", fields: []field{
		{name: "server", shape: &shape{kind: text, check: checkServer, example: "https://k8s.example", doc: "The API server's URL, as Argo CD knows it."}},
		{name: "labels", shape: labels},
		{name: "esoVersion", shape: esoVersionShape()},
		{name: "kubeVersion", shape: &shape{kind: text, loose: true, pattern: kubeVersion, wants: `a Kubernetes version such as "1.33"`, example: "1.33", doc: "The Kubernetes version that charts see."}},
		{name: "apiVersions", shape: &shape{kind: list, item: &shape{kind: text, pattern: apiVersion, wants: "group/version or group/version/Kind"}, doc: "The API versions that charts see."}},
		{name: "stores", shape: stores},
		{name: "controller", shape: controller},
		{name: "modes", shape: modesShape()},
		{name: "final", shape: finalShape()},
	}}}
}

func fidelityShape(preset any) *shape {
	return &shape{kind: text, enum: Fidelities(), preset: preset, doc: "What is written where ESO's usual form differs from KES for certain values: natural is the usual form, exact gives KES's bytes through templates. The annotation kesbridge/fidelity on a KES resource, --fidelity and KESBRIDGE_FIDELITY win over both settings of it here."}
}

func durationShape(doc string, preset any) *shape {
	return &shape{kind: text, pattern: duration, wants: `a duration such as "15m", "1h30m" or "45s"`, check: checkDuration, example: "15m0s", preset: preset, doc: doc}
}

func esoVersionShape() *shape {
	return &shape{kind: text, loose: true, pattern: esoVersion, wants: `a major and minor version such as "1.3"`, example: "1.3", doc: "The External Secrets Operator version that runs, so that exactly its fields and defaults are written."}
}

// The patterns are in the part of the syntax that Go and ECMAScript (the JSON
// schema) read alike.
var (
	dnsName     = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	duration    = regexp.MustCompile(`^(0|([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+)$`)
	esoVersion  = regexp.MustCompile(`^[0-9]+\.[0-9]+$`)
	kubeVersion = regexp.MustCompile(`^v?[0-9]+\.[0-9]+(\.[0-9]+)?([-+][0-9A-Za-z.+-]+)?$`)
	apiVersion  = regexp.MustCompile(`^[^\s/]+(/[^\s/]+){0,2}$`)
)

func checkDuration(v string) string {
	if _, err := time.ParseDuration(v); err != nil {
		return "is too long a duration"
	}
	return ""
}

func checkName(v string) string {
	if len(v) > 253 {
		return "is longer than the 253 characters of an object's name"
	}
	return ""
}

func checkPath(v string) string {
	if strings.Trim(v, "/") != v {
		return "must not begin or end with / : ESO then joins it to a full key instead of recognising it"
	}
	return ""
}

func checkServer(v string) string {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "is not the URL of a server, such as https://k8s.example"
	}
	return ""
}

func checkGlob(v string) string {
	if len(v) > maxGlob {
		return "is longer than " + strconv.Itoa(maxGlob) + " bytes"
	}
	if _, err := glob.Compile(v); err != nil {
		return "is not a pattern: " + strings.TrimPrefix(err.Error(), "glob: ")
	}
	return ""
}

// checkBackend also refuses patterns that no backend fits: such a rule would
// be dead, and the secrets would quietly go to another store.
func checkBackend(v string) string {
	if msg := checkGlob(v); msg != "" {
		return msg
	}
	p, err := glob.Compile(v)
	if err != nil || slices.ContainsFunc(backends, p.Match) {
		return ""
	}
	if s := spelling.Closest(v, backends); s != "" {
		return "fits no backendType of KES: did you mean " + strconv.Quote(s) + "?"
	}
	return "fits no backendType of KES: use one of " + strings.Join(backends, ", ")
}
