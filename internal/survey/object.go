package survey

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kesbridge/internal/config"
)

// at follows keys; nil where the way ends. Aliases aren't followed: nothing
// that is looked for needs them, and they may lead far.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, k := range keys {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var next *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == k {
				next = n.Content[i+1]
			}
		}
		n = next
	}
	return n
}

func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode {
		return ""
	}
	return n.Value
}

func items(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

func pairs(n *yaml.Node) [][2]*yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out [][2]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, [2]*yaml.Node{n.Content[i], n.Content[i+1]})
	}
	return out
}

// object notes what a document says.
func (r *Report) object(name string, n *yaml.Node) {
	for _, it := range items(at(n, "items")) {
		r.object(name, it)
	}
	group, _, _ := strings.Cut(text(at(n, "apiVersion")), "/")
	switch kind := text(at(n, "kind")); {
	case kind == "CustomResourceDefinition":
		r.crd(name, n)
	case group == "external-secrets.io" && (kind == "SecretStore" || kind == "ClusterSecretStore"):
		r.store(name, kind, n)
	case group == "argoproj.io" && kind == "Application":
		r.Apps++
		r.application(name, at(n, "spec"))
	case group == "argoproj.io" && kind == "ApplicationSet":
		r.Apps++
		r.application(name, at(n, "spec", "template", "spec"))
		for _, g := range items(at(n, "spec", "generators")) {
			for _, e := range items(at(g, "list", "elements")) {
				r.destination(name, e)
			}
		}
	case kind == "Deployment":
		for _, c := range items(at(n, "spec", "template", "spec", "containers")) {
			r.container(name, c)
		}
	}
	switch base := path.Base(name); {
	case base == "Chart.yaml":
		for _, d := range items(at(n, "dependencies")) {
			r.chart(name, text(at(d, "name")), at(d, "version"), "dependency of a chart")
		}
	case strings.HasPrefix(base, "kustomization."):
		for _, c := range items(at(n, "helmCharts")) {
			r.chart(name, text(at(c, "name")), at(c, "version"), "helmCharts of a kustomization")
			if text(at(c, "name")) == kesChart {
				r.values(name, at(c, "valuesInline"))
			}
		}
	case strings.Contains(base, "values"):
		r.values(name, at(n, kesChart))
	}
}

const kesChart = "kubernetes-external-secrets"

var release = regexp.MustCompile(`^v?([0-9]+\.[0-9]+)(\.[0-9].*)?$`)

// chart notes a pin of ESO's chart, whose version is the app's.
func (r *Report) chart(name, chart string, version *yaml.Node, what string) {
	if chart == "external-secrets" && text(version) != "" {
		r.version(name, version, fmt.Sprintf("%s pins chart external-secrets %s", what, text(version)))
	}
}

func (r *Report) version(name string, n *yaml.Node, what string) {
	v := Version{Place: Place{name, n.Line, what}}
	raw := text(n)
	if i := strings.LastIndex(raw, ":"); i >= 0 { // an image
		raw, _, _ = strings.Cut(raw[i+1:], "@")
	}
	if m := release.FindStringSubmatch(raw); m != nil {
		v.Version = m[1]
	}
	r.Versions = append(r.Versions, v)
}

func (r *Report) crd(name string, n *yaml.Node) {
	if text(at(n, "metadata", "name")) != "externalsecrets.external-secrets.io" {
		return
	}
	var served []string
	for _, v := range items(at(n, "spec", "versions")) {
		if text(at(v, "served")) != "false" {
			served = append(served, text(at(v, "name")))
		}
	}
	r.Versions = append(r.Versions, Version{Place: Place{name, n.Line, "the CRD of ExternalSecret serves " + strings.Join(served, ", ")}})
}

func (r *Report) store(name, kind string, n *yaml.Node) {
	s := Store{Kind: kind, Name: text(at(n, "metadata", "name")), Place: Place{name, n.Line, kind}}
	if kind == "SecretStore" {
		s.Namespace = text(at(n, "metadata", "namespace"))
	}
	p := at(n, "spec", "provider")
	switch {
	case at(p, "aws") != nil:
		s.Backend, s.Region = "secretsManager", text(at(p, "aws", "region"))
		if text(at(p, "aws", "service")) == "ParameterStore" {
			s.Backend = "systemManager"
		}
	case at(p, "vault") != nil:
		s.Backend, s.Path = "vault", strings.Trim(text(at(p, "vault", "path")), "/")
	case at(p, "gcpsm") != nil:
		s.Backend, s.ProjectID = "gcpSecretsManager", text(at(p, "gcpsm", "projectID"))
	case at(p, "azurekv") != nil:
		s.Backend = "azureKeyVault"
		if u, err := url.Parse(text(at(p, "azurekv", "vaultUrl"))); err == nil {
			s.VaultID, _, _ = strings.Cut(u.Host, ".")
		}
	case at(p, "ibm") != nil:
		s.Backend = "ibmcloudSecretsManager"
	case at(p, "akeyless") != nil:
		s.Backend = "akeyless"
	case at(p, "alibaba") != nil:
		s.Backend = "alicloudSecretsManager"
	default:
		return
	}
	if config.IsObjectName(s.Name) {
		r.Stores = append(r.Stores, s)
	}
}

func (r *Report) application(name string, spec *yaml.Node) {
	for _, s := range append(items(at(spec, "sources")), at(spec, "source")) {
		chart := text(at(s, "chart"))
		r.chart(name, chart, at(s, "targetRevision"), "an Application")
		if chart == kesChart {
			r.values(name, at(s, "helm", "valuesObject"))
			if docs, err := parse([]byte(text(at(s, "helm", "values")))); err == nil && len(docs) == 1 {
				r.env(name, at(docs[0], "env"), at(s, "helm", "values").Line)
			}
		}
	}
	r.destination(name, at(spec, "destination"))
}

// destination notes a cluster: a destination's, or an element's of a list
// generator that looks like one.
func (r *Report) destination(name string, n *yaml.Node) {
	server := text(at(n, "server"))
	if server == "" {
		server = text(at(n, "url"))
	}
	c := Cluster{Name: text(at(n, "name")), Server: server}
	if at(n, "cluster") != nil {
		c.Name = text(at(n, "cluster"))
	}
	if n == nil || c.Name == "" && c.Server == "" || strings.Contains(c.Name+c.Server, "{{") {
		return
	}
	if c.Server != "" && !strings.HasPrefix(c.Server, "https://") {
		return
	}
	c.Place = Place{name, n.Line, "destination"}
	if !slices.ContainsFunc(r.Clusters, func(o Cluster) bool { return o.Name == c.Name && o.Server == c.Server }) {
		r.Clusters = append(r.Clusters, c)
	}
}

func (r *Report) container(name string, c *yaml.Node) {
	image := text(at(c, "image"))
	repository, _, _ := strings.Cut(image, ":")
	switch {
	case strings.HasSuffix(repository, kesChart):
		for _, e := range items(at(c, "env")) {
			r.variable(name, text(at(e, "name")), at(e, "value"), at(e, "valueFrom"))
		}
	case strings.HasSuffix(repository, "external-secrets/external-secrets"):
		r.version(name, at(c, "image"), "a Deployment runs "+image)
	}
}

// values notes the env of values for KES's chart.
func (r *Report) values(name string, n *yaml.Node) {
	r.env(name, at(n, "env"), 0)
	for _, p := range pairs(at(n, "envVarsFromSecret")) {
		r.Secrets = append(r.Secrets, Place{name, p[0].Line, p[0].Value + " comes from a Secret"})
	}
}

func (r *Report) env(name string, n *yaml.Node, above int) {
	for _, p := range pairs(n) {
		p[1].Line += above
		r.variable(name, p[0].Value, p[1], nil)
	}
}

var secretName = regexp.MustCompile(`SECRET|TOKEN|PASSWORD|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE`)

// isSecret reports whether a variable may hold a secret: by its name, or a URL
// with a user in it.
func isSecret(key, value string) bool {
	if u, err := url.Parse(value); err == nil && u.User != nil {
		return true
	}
	return secretName.MatchString(key) && key != "VAULT_TOKEN_RENEW_THRESHOLD" && !strings.HasSuffix(key, "_PATH") && !strings.HasSuffix(key, "_FILE")
}

func (r *Report) variable(name, key string, value, from *yaml.Node) {
	switch {
	case from != nil:
		r.Secrets = append(r.Secrets, Place{name, from.Line, key + " comes from elsewhere (valueFrom)"})
	case value == nil || value.Kind != yaml.ScalarNode:
	case isSecret(key, value.Value):
		r.Secrets = append(r.Secrets, Place{name, value.Line, key + " stands there in plain text: ESO needs it in a Secret"})
	case config.IsVariable(key):
		if _, known := r.Env[key]; !known {
			r.Env[key], r.From[key] = value.Value, Place{name, value.Line, key}
		}
	}
}
