package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
)

// param is one row of the table from which flags, environment names and the
// reference page are made.
type param struct {
	name  string
	short string
	// env is the environment variable, empty for none. A flag wins over it.
	env    string
	values []string
	isBool bool
	usage  string
}

// parameters is the one ordered table. KESBRIDGE_CONFIG is not in it: that
// name is kept for the administrator's file of the plugin.
func parameters() []param {
	return []param{
		{name: "config", usage: "configuration `FILE` instead of the kesbridge.yaml that is found from the application's directory upwards"},
		{name: "cluster", env: "KESBRIDGE_CLUSTER", usage: "`NAME` of the cluster in kesbridge.yaml whose settings apply"},
		{name: "eso-version", env: "KESBRIDGE_ESO_VERSION", usage: "ESO `X.Y` that is installed (0.9 to 2.9): decides apiVersion, explicit defaults and fields (default: what 0.16 and all later versions agree on)"},
		{name: "mode", env: "KESBRIDGE_MODE", values: config.Modes(), usage: "`MODE` of KES resources: keep (as they are), freeze (KES stops for them), protect (as freeze, and Argo CD doesn't prune them), replace (the ESO resource takes their place) or side-by-side (ESO makes a second Secret); the annotation kesbridge/mode on a resource wins (default replace)"},
		{name: "store", env: "KESBRIDGE_STORE", usage: "`NAME` of the store that every converted resource references"},
		{name: "store-kind", env: "KESBRIDGE_STORE_KIND", values: []string{"ClusterSecretStore", "SecretStore"}, usage: "`KIND` of --store and of stores whose names are derived: ClusterSecretStore or SecretStore (default ClusterSecretStore)"},
		{name: "fidelity", env: "KESBRIDGE_FIDELITY", values: config.Fidelities(), usage: "`FORM` of what is written where ESO's usual form differs from KES for certain values: natural (the usual form) or exact (KES's bytes, through templates); annotation kesbridge/fidelity on a resource wins (default natural)"},
		{name: "on-unsupported", env: "KESBRIDGE_ON_UNSUPPORTED", values: []string{"fail", "keep"}, usage: "`ACTION` for a KES resource that can't be converted: fail prints nothing, keep leaves it as it is (default fail)"},
		{name: "fail-on", env: "KESBRIDGE_FAIL_ON", values: []string{"error", "warning", "info"}, usage: "`SEVERITY` of a finding from which on kesbridge prints nothing and exits 1: error, warning or info (default error)"},
		{name: "allow-empty", env: "KESBRIDGE_ALLOW_EMPTY", isBool: true, usage: "accept input that holds no document at all"},
		{name: "verbose", short: "v", isBool: true, usage: "show findings of severity info too"},
		{name: "quiet", short: "q", isBool: true, usage: "show errors only"},
	}
}

// options are the parameters after they were parsed, typed and validated.
type options struct {
	config, cluster, esoVersion string
	mode, modeFrom              string
	store, storeKind            string
	onUnsupported               string
	fidelity, fidelityFrom      string
	failOn                      manifest.Severity
	allowEmpty, verbose, quiet  bool
}

// addFlags registers the table on a command.
func addFlags(cmd *cobra.Command) {
	for _, p := range parameters() {
		usage := p.usage
		if p.env != "" {
			usage += " [" + p.env + "]"
		}
		if p.isBool {
			cmd.Flags().BoolP(p.name, p.short, false, usage)
			continue
		}
		cmd.Flags().StringP(p.name, p.short, "", usage)
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
type given struct{ value, from string }

// values reads flags, then the environment, and checks closed sets.
func (a *app) values(cmd *cobra.Command) (map[string]given, error) {
	out := map[string]given{}
	for _, p := range parameters() {
		f := cmd.Flags().Lookup(p.name)
		v, from := f.Value.String(), "--"+p.name
		if !f.Changed {
			v = ""
			if e, ok := a.env[p.env]; p.env != "" && ok {
				v, from = e, p.env
			}
		}
		switch {
		case p.isBool && v != "":
			b, err := strconv.ParseBool(v)
			if err != nil {
				return nil, &usageError{cmd.CommandPath(), fmt.Errorf("%s %q is neither true nor false", from, v)}
			}
			v = strconv.FormatBool(b)
		case p.values != nil && v != "" && !slices.Contains(p.values, v):
			return nil, &usageError{cmd.CommandPath(), fmt.Errorf("%s %q is none of %s", from, v, strings.Join(p.values, ", "))}
		}
		out[p.name] = given{v, from}
	}
	return out, nil
}

// objectName is a DNS-1123 subdomain, which names of stores are.
var objectName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

func (a *app) options(cmd *cobra.Command) (options, error) {
	v, err := a.values(cmd)
	if err != nil {
		return options{}, err
	}
	o := options{
		config: v["config"].value, cluster: v["cluster"].value, esoVersion: v["eso-version"].value,
		mode: v["mode"].value, modeFrom: v["mode"].from,
		store: v["store"].value, storeKind: v["store-kind"].value, onUnsupported: v["on-unsupported"].value,
		fidelity: v["fidelity"].value, fidelityFrom: v["fidelity"].from,
		failOn: manifest.Error, allowEmpty: v["allow-empty"].value == "true",
		verbose: v["verbose"].value == "true", quiet: v["quiet"].value == "true",
	}
	if s := v["fail-on"].value; s != "" {
		if o.failOn, err = manifest.ParseSeverity(s); err != nil {
			return o, &usageError{cmd.CommandPath(), err}
		}
	}
	if o.store != "" && !objectName.MatchString(o.store) {
		return o, &usageError{cmd.CommandPath(), fmt.Errorf("--store %q is no name of an object (lower-case letters, digits, - and .)", o.store)}
	}
	if o.verbose && o.quiet {
		return o, &usageError{cmd.CommandPath(), fmt.Errorf("--verbose and --quiet exclude each other")}
	}
	return o, nil
}
