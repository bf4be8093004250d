package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// storesFlags are what only stores has.
type storesFlags struct {
	scope     string
	output    string
	table     bool
	admission bool
	find      bool
}

func (a *app) storesCommand() *cobra.Command {
	var f storesFlags
	cmd := &cobra.Command{
		Use:   "stores [PATH]...",
		Short: "Print the stores that the applications need",
		Long: `Find the KES resources of the given directories, Applications and files of manifests (default: every
application of the repository), and print the SecretStore or ClusterSecretStore that each of them needs
and that Git doesn't hold: the same bytes every time, without a cluster. What ESO's identity must be
allowed that KES's was stands in comments beside each store. What Git can't tell is a warning with the
field's path; a store that ESO's CRD would refuse without it is not printed.`,
		Example: "  kesbridge stores --table\n  kesbridge stores --cluster prod --eso-version 0.20 > stores.yaml\n  kesbridge stores --find\n  kesbridge stores --scope namespace apps/shop",
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := a.options(cmd)
			if err != nil {
				return err
			}
			if err := f.check(cmd, &o, args); err != nil {
				return err
			}
			if f.find {
				return a.storesFind(cmd.Context(), o, f, args)
			}
			return a.stores(cmd.Context(), o, f, args)
		},
	}
	cmd.Flags().StringVar(&f.scope, "scope", "", "`SCOPE` of stores whose names are derived: cluster (one ClusterSecretStore) or namespace (one SecretStore in each namespace that needs it; convert with --store-kind SecretStore then) (default: what --store-kind says)")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "`FORMAT` of what is printed: yaml (manifests), table or json (default yaml)")
	cmd.Flags().BoolVar(&f.table, "table", false, "print a table of the stores and who uses them, as --output table does")
	cmd.Flags().BoolVar(&f.admission, "admission-policy", false, "also print a ValidatingAdmissionPolicy (Kubernetes 1.30 and later) that holds ExternalSecrets to what the annotations of their namespaces let KES read")
	cmd.Flags().BoolVar(&f.find, "find", false, "instead of stores, print where the repository installs KES and what kesbridge.yaml needs to read its settings from there (controller.from)")
	addFlags(cmd)
	cmd.Flags().Lookup("fail-on").Usage = "`SEVERITY` of a finding from which on stores prints no manifests and exits 1: error, warning or info (default error) [KESBRIDGE_FAIL_ON]"
	_ = cmd.RegisterFlagCompletionFunc("scope", cobra.FixedCompletions([]cobra.Completion{"cluster", "namespace"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]cobra.Completion{"yaml", "table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// check validates the flags; the scope is the kind of derived stores.
func (f *storesFlags) check(cmd *cobra.Command, o *options, args []string) error {
	usage := func(format string, args ...any) error {
		return &usageError{cmd.CommandPath(), fmt.Errorf(format, args...)}
	}
	kinds := map[string]string{"cluster": config.DefaultStoreKind, "namespace": "SecretStore"}
	switch kind, ok := kinds[f.scope]; {
	case f.scope != "" && !ok:
		return usage("--scope %q is none of cluster, namespace", f.scope)
	case ok && o.storeKind != "" && o.storeKind != kind && strings.HasPrefix(o.given["store-kind"].from, "--"):
		return usage("--scope %s and --store-kind %s contradict each other", f.scope, o.storeKind)
	case ok:
		o.storeKind = kind
	}
	switch f.output {
	case "", "yaml", "table", "json":
	default:
		return usage("--output %q is none of yaml, table, json", f.output)
	}
	if f.table && f.output != "" && f.output != "table" && f.output != "json" {
		return usage("--table and --output %s contradict each other", f.output)
	}
	if f.table && f.output == "" {
		f.output = "table"
	}
	if f.output == "" {
		f.output = "yaml"
	}
	if f.find && (f.admission || f.scope != "" || f.output == "table") {
		return usage("--find looks for KES alone: leave --scope, --table and --admission-policy out")
	}
	return checkPaths(cmd, args)
}

// storeEntry is a store as it is shown.
type storeEntry struct {
	served    store.Served
	generated store.Generated
	state     string
	// from says what named it, inGit where it stands.
	from  string
	inGit manifest.Pos
}

// The states of a store.
const (
	storeInGit      = "in Git"
	storeGenerated  = "generated"
	storeIncomplete = "incomplete"
	storeConflict   = "conflict"
	storeExisting   = "existing"
)

func (a *app) stores(ctx context.Context, o options, f storesFlags, paths []string) error {
	a.collect(manyHeap)
	a.limitHeap()
	defer silence()()
	g := newGathering(a, o, f)
	if err := g.gather(ctx, paths); err != nil {
		return err
	}
	clusters := g.clusters()
	if len(clusters) > 1 && f.output == "yaml" {
		return &hintError{fmt.Errorf("stores: the applications go to %d clusters (%s)", len(clusters), strings.Join(clusters, ", ")),
			"each cluster needs its own stores: choose one with --cluster, or use --table to see all"}
	}
	served := store.Union(g.uses)
	guards := g.guards(served)
	for _, cluster := range clusters {
		opts := g.options[cluster]
		opts.App, opts.Project = "", "" // it is about KES, not about an app
		g.say(opts, controllerFindings(opts.KES)...)
	}
	entries := g.entries(served, guards)
	policies, err := g.policies(guards)
	if err != nil {
		return err
	}
	return g.print(entries, policies)
}

// entries generates what isn't there.
func (g *gathering) entries(served []store.Served, guards map[string]*guard) []storeEntry {
	var out []storeEntry
	for _, s := range served {
		e := storeEntry{served: s, from: g.chosenBy(&s)}
		first := s.Uses[0]
		opts, guard := g.options[s.Cluster], guards[s.Cluster]
		switch there, ok := g.inGit[gitStore{s.Cluster, s.Ref.Kind, s.Namespace, s.Ref.Name}]; {
		case ok:
			e.state, e.inGit = storeInGit, there.pos
			if s.Ref.Kind == config.DefaultStoreKind {
				guard.inGit(s.Ref.Name, there.conditions, s.Namespaces())
			}
		case first.Choice.Path != "":
			// It has a path, which none that kesbridge makes has.
			e.state = storeExisting
		case s.Ref.Kind == "SecretStore" && s.Namespace == "":
			e.state = storeIncomplete
			g.say(opts, rule.StoreNotPrinted.At(first.Pos, first.Ref, "SecretStore %s: neither the manifest nor an Application says in which namespace", s.Ref.Name))
		default:
			generated, findings := s.Generate(guard.adapt(&s))
			findings = append(findings, guard.outside(&s)...)
			findings = append(findings, g.overwritten(&s, generated)...)
			e.generated, e.state = generated, storeGenerated
			for i := range findings {
				if findings[i].Pos.IsZero() {
					findings[i].Pos, findings[i].Ref = first.Pos, first.Ref
				}
				if findings[i].Rule == rule.StoreConflict.ID {
					e.state = storeConflict
				}
			}
			if generated.Object == nil && e.state == storeGenerated {
				e.state = storeIncomplete
			}
			g.say(opts, findings...)
		}
		out = append(out, e)
	}
	return out
}

// overwritten names a Secret with a store's credentials that is the Secret of a
// resource, too: ESO would write over it, and then read with what it wrote.
func (g *gathering) overwritten(s *store.Served, generated store.Generated) manifest.Findings {
	for _, k := range generated.Secrets {
		for _, u := range g.uses {
			if u.Cluster == s.Cluster && u.Ref.Namespace == k.Namespace && u.Ref.Name == k.Name && k.Namespace != "" && k.Make != "" {
				return manifest.Findings{rule.CredentialsOverwritten.At(u.Pos, u.Ref, "the Secret %s/%s that it makes is where %s %s reads its credentials", k.Namespace, k.Name, s.Ref.Kind, s.Ref.Name)}
			}
		}
	}
	return nil
}

// relative takes the place of the repository on this machine out of a text.
func (g *gathering) relative(text string) string {
	return strings.ReplaceAll(text, g.root+string(filepath.Separator), "")
}

// chosenBy says what gave the store its name.
func (g *gathering) chosenBy(s *store.Served) string {
	var from []string
	for _, u := range s.Uses {
		how := "derived"
		switch c := u.Choice; {
		case c.Annotated:
			how = "annotation " + store.Annotation
		case c.Named:
			how = "--store"
		case c.Rule != nil && !c.Derived:
			how = g.relative(c.Rule.Pos.String())
		}
		from = append(from, how)
	}
	slices.Sort(from)
	return strings.Join(slices.Compact(from), ", ")
}
