package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/argocd"
	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
)

// param is one row of the table from which flags, environment names, the
// plugin's parameters and the reference pages are made.
type param struct {
	name  string
	short string
	// env is the environment variable, empty for none. A flag wins over it.
	// Argo CD puts ARGOCD_ENV_ in front of what an Application's plugin.env
	// sets.
	env    string
	values []string
	isBool bool
	usage  string

	// title is the parameter's in Argo CD's UI; empty: not one of the plugin's.
	title string
	// inPlugin is its usage there, where that differs.
	inPlugin string
	// pluginOnly: there is no flag.
	pluginOnly bool
	// collection is argocd.Text (or empty), Array or Map. A flag of the latter
	// two may be repeated.
	collection string
	// source: it says how the source is rendered, so only render has it.
	source bool
	// rendersOnly: it is about whole applications, so convert hasn't got it.
	rendersOnly bool
}

// parameters is the one ordered table. KESBRIDGE_CONFIG is not in it: that
// name is the administrator's file.
func parameters() []param {
	all := []param{
		{name: "mode", env: "KESBRIDGE_MODE", values: config.Modes(), title: "Mode",
			usage:    "`MODE` of KES resources: keep (as they are), freeze (KES stops for them), protect (as freeze, and Argo CD doesn't prune them), replace (the ESO resource takes their place), side-by-side (ESO makes a second Secret), switch (and references follow), switched (and the KES resource is gone) or superseded (by an ESO resource in the same application); the annotation kesbridge/mode on a resource wins (default replace)",
			inPlugin: "what becomes of KES resources: keep (as they are), freeze (KES stops for them), protect (as freeze, and Argo CD doesn't prune them), replace (the ESO resource takes their place), side-by-side (ESO makes a second Secret), switch (and references follow), switched (and the KES resource is gone) or superseded (by an ESO resource in the same application); there is no default; the annotation kesbridge/mode on a resource wins"},
		{name: "config", title: "Configuration", usage: "configuration `FILE` instead of the kesbridge.yaml that is found from the application's directory upwards",
			inPlugin: "a kesbridge.yaml, inline, instead of the one that is found from the application's directory upwards"},
		{name: "cluster", env: "KESBRIDGE_CLUSTER", title: "Cluster", usage: "`NAME` of the cluster in kesbridge.yaml whose settings apply"},
		{name: "eso-version", env: "KESBRIDGE_ESO_VERSION", title: "ESO version",
			usage:    "ESO `X.Y` that is installed (0.9 to 2.9): decides apiVersion, explicit defaults and fields (default: what 0.16 and all later versions agree on)",
			inPlugin: "ESO X.Y that is installed (0.9 to 2.9): decides apiVersion, explicit defaults and fields (default: inferred from the cluster's API versions)"},
		{name: "store", env: "KESBRIDGE_STORE", title: "Store", usage: "`NAME` of the store that every converted resource references; annotation kesbridge/store on a resource wins"},
		{name: "store-kind", env: "KESBRIDGE_STORE_KIND", values: []string{"ClusterSecretStore", "SecretStore"}, title: "Store kind", usage: "`KIND` of --store and of stores whose names are derived: ClusterSecretStore or SecretStore (default ClusterSecretStore)"},
		{name: "emit-stores", env: "KESBRIDGE_EMIT_STORES", values: []string{"none", "namespaced"}, title: "Emit stores", rendersOnly: true,
			usage: "`WHICH` stores with derived names are part of the output: none, or namespaced (one SecretStore for each namespace that needs it, in an earlier sync wave than the resources that use it; never a ClusterSecretStore, which two applications would fight over) (default none)"},
		{name: "fidelity", env: "KESBRIDGE_FIDELITY", values: config.Fidelities(), title: "Fidelity", usage: "`FORM` of what is written where ESO's usual form differs from KES for certain values: natural (the usual form) or exact (KES's bytes, through templates); annotation kesbridge/fidelity on a resource wins (default natural)"},
		{name: "final", env: "KESBRIDGE_FINAL", isBool: true, pluginOnly: true, title: "Final", usage: "the move is over: converted resources no longer carry the annotations that keep Argo CD from pruning them"},
		{name: "on-unsupported", env: "KESBRIDGE_ON_UNSUPPORTED", values: []string{"fail", "keep"}, title: "On unsupported", usage: "`ACTION` for a KES resource that can't be converted: fail prints nothing, keep leaves it as it is (default fail)",
			inPlugin: "fail or keep, for a KES resource that can't be converted; keep is refused for resources in mode replace (default fail)"},
		{name: "fail-on", env: "KESBRIDGE_FAIL_ON", values: []string{"error", "warning", "info"}, title: "Fail on", usage: "`SEVERITY` of a finding from which on kesbridge prints nothing and exits 1: error, warning or info (default error)"},
		{name: "allow-empty", env: "KESBRIDGE_ALLOW_EMPTY", isBool: true, title: "Allow empty", usage: "accept input that holds no document at all"},
	}
	for _, s := range argocd.SourceParams() {
		all = append(all, param{name: s.Name, title: s.Title, collection: s.Collection, source: true, usage: s.Doc})
	}
	return append(all,
		param{name: "app-name", source: true, usage: "`NAME` of the Application (default: the directory's)"},
		param{name: "app-namespace", source: true, usage: "`NAMESPACE` of the Application's destination (default default)"},
		param{name: "app-project", source: true, usage: "`NAME` of the Application's project"},
		param{name: "kube-version", source: true, usage: "Kubernetes `VERSION` that charts see (default: the cluster's in kesbridge.yaml)"},
		param{name: "api-versions", source: true, usage: "API `VERSIONS` that charts see, separated by commas, as Argo CD lists them; ESO's version is inferred from them (default: the cluster's in kesbridge.yaml)"},
		param{name: "verbose", short: "v", isBool: true, usage: "show findings of severity info too"},
		param{name: "quiet", short: "q", isBool: true, usage: "show errors only"},
	)
}

// options are the parameters after they were parsed, typed and validated.
type options struct {
	config, cluster, esoVersion string
	mode, modeFrom              string
	store, storeKind            string
	onUnsupported               string
	fidelity, fidelityFrom      string
	emitStores                  bool
	failOn                      manifest.Severity
	allowEmpty, verbose, quiet  bool

	// configText is a kesbridge.yaml itself, of the repository in configRoot.
	configText, configRoot string
	final                  bool
	// source is what says how the source is rendered, by parameter.
	source                            map[string]argocd.Value
	appName, appNamespace, appProject string
	kubeVersion                       string
	apiVersions                       []string
	// given is what all that was made from.
	given map[string]given
	// plugin is set where Argo CD calls; asPlugin shows what it would get.
	plugin   *call
	asPlugin bool
	// inBlock: a plugin block said so.
	inBlock bool
}

// addFlags registers the table on a command; addSourceFlags what says how a
// source is rendered.
func addFlags(cmd *cobra.Command) {
	addFlagsOf(cmd, func(p param) bool { return !p.source && !p.rendersOnly })
}
func addSourceFlags(cmd *cobra.Command) { addFlagsOf(cmd, func(p param) bool { return p.source }) }

// addRenderFlags registers what only commands have that render applications.
func addRenderFlags(cmd *cobra.Command) {
	addFlagsOf(cmd, func(p param) bool { return p.rendersOnly })
}

func addFlagsOf(cmd *cobra.Command, wanted func(param) bool) {
	for _, p := range parameters() {
		if p.pluginOnly || !wanted(p) {
			continue
		}
		usage := p.usage
		if p.env != "" {
			usage += " [" + p.env + "]"
		}
		switch {
		case p.isBool:
			cmd.Flags().BoolP(p.name, p.short, false, usage)
		case p.collection == argocd.Array || p.collection == argocd.Map:
			cmd.Flags().StringArray(p.name, nil, usage)
		default:
			cmd.Flags().StringP(p.name, p.short, "", usage)
		}
		if p.values != nil {
			_ = cmd.RegisterFlagCompletionFunc(p.name, cobra.FixedCompletions(toCompletions(p.values), cobra.ShellCompDirectiveNoFileComp))
		}
	}
}

func toCompletions(values []string) []cobra.Completion {
	out := make([]cobra.Completion, 0, len(values))
	for _, v := range values {
		out = append(out, cobra.Completion(v))
	}
	return out
}

// given is a parameter's value and what gave it.
type given struct {
	value argocd.Value
	from  string
}

// text is the value of a parameter that is one text.
func (g given) text() string { return g.value.String }

// lookup finds a parameter where it is not given as a flag.
type lookup func(p param) (g given, ok bool)

// environment looks a parameter up in the process's environment.
func (a *app) environment(p param) (given, bool) {
	v, ok := a.env[p.env]
	return given{argocd.Value{String: v}, p.env}, p.env != "" && ok
}

// values reads flags, then what the lookups know, and checks closed sets.
func values(cmd *cobra.Command, lookups ...lookup) (map[string]given, error) {
	out := map[string]given{}
	for _, p := range parameters() {
		g, err := flagValue(cmd, p)
		if err != nil {
			return nil, &usageError{cmd.CommandPath(), err}
		}
		for _, find := range lookups {
			if g.from != "" {
				break
			}
			if v, ok := find(p); ok {
				g = v
			}
		}
		out[p.name] = g
	}
	if err := check(out); err != nil {
		return nil, &usageError{cmd.CommandPath(), err}
	}
	return out, nil
}

// check holds values to their closed sets, and spells booleans out.
func check(all map[string]given) error {
	for _, p := range parameters() {
		g := all[p.name]
		switch v := g.text(); {
		case p.isBool && v != "":
			b, err := strconv.ParseBool(v)
			if err != nil {
				return fmt.Errorf("%s %q is neither true nor false", g.from, v)
			}
			g.value.String = strconv.FormatBool(b)
			all[p.name] = g
		case p.values != nil && v != "" && !slices.Contains(p.values, v):
			return fmt.Errorf("%s %q is none of %s", g.from, v, strings.Join(p.values, ", "))
		}
	}
	return nil
}

// flagValue is a parameter's flag; the zero given where it wasn't used.
func flagValue(cmd *cobra.Command, p param) (given, error) {
	f := cmd.Flags().Lookup(p.name)
	if f == nil || !f.Changed {
		return given{}, nil
	}
	g := given{from: "--" + p.name}
	switch p.collection {
	case argocd.Array:
		g.value.Array, _ = cmd.Flags().GetStringArray(p.name)
	case argocd.Map:
		list, _ := cmd.Flags().GetStringArray(p.name)
		g.value.Map = map[string]string{}
		for _, kv := range list {
			k, v, ok := strings.Cut(kv, "=")
			if !ok || k == "" {
				return g, fmt.Errorf("--%s %q is not KEY=VALUE", p.name, kv)
			}
			g.value.Map[k] = v
		}
	default:
		g.value.String = f.Value.String()
	}
	return g, nil
}

// objectName is a DNS-1123 subdomain, which names of stores are.
var objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func (a *app) options(cmd *cobra.Command) (options, error) {
	v, err := values(cmd, a.environment)
	if err != nil {
		return options{}, err
	}
	o, err := optionsOf(v)
	if err != nil {
		return o, &usageError{cmd.CommandPath(), err}
	}
	return o, nil
}

// optionsOf types and validates.
func optionsOf(v map[string]given) (options, error) {
	o := options{
		config: v["config"].text(), cluster: v["cluster"].text(), esoVersion: v["eso-version"].text(),
		mode: v["mode"].text(), modeFrom: v["mode"].from,
		store: v["store"].text(), storeKind: v["store-kind"].text(), onUnsupported: v["on-unsupported"].text(),
		fidelity: v["fidelity"].text(), fidelityFrom: v["fidelity"].from,
		emitStores: v["emit-stores"].text() == "namespaced",
		failOn:     manifest.Error, allowEmpty: v["allow-empty"].text() == "true",
		verbose: v["verbose"].text() == "true", quiet: v["quiet"].text() == "true",
		final: v["final"].text() == "true", source: map[string]argocd.Value{},
		appName: v["app-name"].text(), appNamespace: v["app-namespace"].text(), appProject: v["app-project"].text(),
		kubeVersion: v["kube-version"].text(), given: v,
	}
	if list := v["api-versions"].text(); list != "" {
		o.apiVersions = strings.Split(list, ",")
	}
	for _, p := range argocd.SourceParams() {
		if g := v[p.Name]; !g.value.IsZero() {
			o.source[p.Name] = g.value
		}
	}
	if s := v["fail-on"].text(); s != "" {
		var err error
		if o.failOn, err = manifest.ParseSeverity(s); err != nil {
			return o, err
		}
	}
	if o.store != "" && !objectName.MatchString(o.store) {
		return o, fmt.Errorf("%s %q is no name of an object (lower-case letters, digits, - and .)", v["store"].from, o.store)
	}
	if o.emitStores {
		if o.storeKind == "ClusterSecretStore" {
			return o, fmt.Errorf("%s %s makes stores of kind SecretStore, but %s is ClusterSecretStore", v["emit-stores"].from, v["emit-stores"].text(), v["store-kind"].from)
		}
		o.storeKind = "SecretStore"
	}
	if o.verbose && o.quiet {
		return o, fmt.Errorf("--verbose and --quiet exclude each other")
	}
	return o, nil
}
