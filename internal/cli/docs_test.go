package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kesbridge/internal/argocd"
	"kesbridge/internal/rule"
	"kesbridge/internal/sidecar"
)

// findingsPage is docs/findings.md: every rule, from the one table.
func findingsPage() string {
	var b strings.Builder
	b.WriteString("# Findings\n\n<!-- Generated from internal/rule; go test ./internal/cli -update writes it. -->\n\n")
	b.WriteString("An error: the object can't be converted, and nothing is printed (or, with `--on-unsupported keep`, the object is\n" +
		"left as it is and the error becomes a warning). A warning: converted, but look at it. An info: fine print, shown with `-v`.\n" +
		"`kesbridge explain RULE` prints one of these sections.\n\n| rule | severity | what was found |\n|---|---|---|\n")
	for _, r := range rule.All() {
		fmt.Fprintf(&b, "| [%s](#%s) %s | %s | %s |\n", r.ID, anchor(r), r.Name, r.Severity, r.Summary)
	}
	for _, r := range rule.All() {
		fmt.Fprintf(&b, "\n## %s %s\n\n%s: %s.\n\n%s\n\nWhat to do: %s.\n", r.ID, r.Name, r.Severity, r.Summary, r.Detail, r.Fix)
	}
	return b.String()
}

func anchor(r rule.Rule) string { return strings.ToLower(r.ID + "-" + r.Name) }

// commandsPage is docs/cli.md: every command with its flags.
func commandsPage() string {
	a := &app{env: map[string]string{}}
	root := a.root()
	var b strings.Builder
	b.WriteString("# Commands\n\n<!-- Generated from the commands; go test ./internal/cli -update writes it. -->\n\n")
	fmt.Fprintf(&b, "%s\n\nFlags win over `KESBRIDGE_*` variables, which win over `kesbridge.yaml`.\n", root.Long)
	for _, cmd := range root.Commands() {
		if !cmd.Hidden && cmd.Name() != "completion" {
			commandSection(&b, cmd)
		}
		for _, sub := range cmd.Commands() {
			if cmd.Name() != "completion" {
				commandSection(&b, sub)
			}
		}
	}
	b.WriteString("\n## Administrator\n\nWhat an app's author must not decide is set in the environment of the process alone; no flag, parameter or file in a\n" +
		"repository sets it.\n\n| variable | meaning |\n|---|---|\n")
	for _, row := range adminSettings() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", row.env, row.usage)
	}
	b.WriteString("\nIn the sidecar (`kesbridge plugin generate`) also:\n\n| variable | meaning |\n|---|---|\n| `KESBRIDGE_CONFIG` | the administrator's kesbridge.yaml, which wins over app authors' and may lock keys; it counts for every command |\n")
	for _, row := range sidecar.Table() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", row.Env, row.Usage)
	}
	b.WriteString("| `GOMEMLIMIT` | memory limit of one run (default: from the container's limit) |\n")
	b.WriteString("\n## kesbridge completion bash|zsh|fish|powershell\n\nPrints a completion script for a shell; `kesbridge completion SHELL --help` says how to load it.\n")
	return b.String()
}

func commandSection(b *strings.Builder, cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n", strings.TrimSuffix(cmd.UseLine(), " [flags]"), text)
	if cmd.Example != "" {
		fmt.Fprintf(b, "\n```sh\n%s\n```\n", unindent(cmd.Example))
	}
	header := "\n| flag | environment | meaning |\n|---|---|---|\n"
	env := map[string]string{}
	for _, p := range parameters() {
		env[p.name] = p.env
	}
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		b.WriteString(header)
		header = ""
		name, usage := pflag.UnquoteUsage(f)
		flag := "--" + f.Name
		if f.Shorthand != "" {
			flag = "-" + f.Shorthand + ", " + flag
		}
		if name != "" {
			flag += " " + name
		}
		variable := env[f.Name]
		usage = strings.TrimSuffix(usage, " ["+variable+"]")
		if variable != "" {
			variable = "`" + variable + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", flag, variable, usage)
	})
}

// parametersPage is docs/parameters.md: what an Application may set.
func parametersPage() string {
	var b strings.Builder
	b.WriteString("# Plugin parameters\n\n<!-- Generated from the parameter table; go test ./internal/cli -update writes it. -->\n\n" +
		"What an Application sets under `spec.source.plugin.parameters`, or in `plugin.env` as the variable. Strongest first: the\n" +
		"administrator's file (`KESBRIDGE_CONFIG`), an annotation on the KES resource, flags in plugin.yaml, `parameters`, `plugin.env`,\n" +
		"`KESBRIDGE_*` of the sidecar, kesbridge.yaml. An unknown parameter is an error. Empty ones and `null` count as not set.\n\n" +
		"| parameter | type | `plugin.env` | meaning |\n|---|---|---|---|\n")
	for _, p := range parameters() {
		if p.title == "" {
			continue
		}
		kind := p.collection
		if kind == "" {
			kind = "string"
		}
		variable := p.env
		if variable != "" {
			variable = "`" + variable + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", p.name, kind, variable, strings.ReplaceAll(plain(p.pluginUsage()), "|", "\\|"))
	}
	b.WriteString("\nThe parameter `source` takes the old block as it was; the friendly ones win over it:\n\n```yaml\n" +
		"plugin:\n  name: kesbridge-" + PluginVersion + "\n  parameters:\n  - name: mode\n    string: keep\n  - name: source\n    string: |\n      helm:\n        valueFiles: [values-prod.yaml]\n" +
		"  - name: helm-parameters\n    map:\n      image.tag: v7\n```\n")
	return b.String()
}

// pluginFile is plugin.yaml.
func pluginFile() string {
	return "# Argo CD's cmp-server reads this at /home/argocd/cmp-server/config/plugin.yaml.\n" +
		"# Generated; go test ./internal/cli -update writes it.\n" +
		"# No discover, on purpose: where a discovery fails, Argo CD renders natively and prunes every ESO resource.\n" +
		"apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata:\n  name: " + argocd.PluginName + "\nspec:\n" +
		"  # Changes when the output for the same input does: Argo CD keeps manifests for a day, by this name.\n" +
		"  version: " + PluginVersion + "\n  generate:\n    command: [kesbridge, plugin, generate]\n" +
		"  parameters:\n    dynamic:\n      command: [kesbridge, plugin, parameters]\n"
}

func unindent(s string) string { return strings.ReplaceAll(strings.TrimPrefix(s, "  "), "\n  ", "\n") }

// TestGeneratedPages compares what is generated from tables with what is
// committed.
func TestGeneratedPages(t *testing.T) {
	for file, page := range map[string]string{"findings.md": findingsPage(), "cli.md": commandsPage(), "parameters.md": parametersPage(), "../plugin.yaml": pluginFile()} {
		compare(t, filepath.Join("../../docs", file), page)
	}
}

// TestRules: ids are unique, in order, and every row says all that a page
// needs.
func TestRules(t *testing.T) {
	last := ""
	for _, r := range rule.All() {
		if r.ID <= last {
			t.Errorf("%s comes after %s", r.ID, last)
		}
		last = r.ID
		for _, s := range []string{r.Name, r.Summary, r.Detail, r.Fix} {
			if s == "" || strings.HasSuffix(s, " ") {
				t.Errorf("%s lacks a text", r.ID)
			}
		}
		if strings.HasSuffix(r.Summary, ".") || strings.HasSuffix(r.Fix, ".") || !strings.HasSuffix(r.Detail, ".") {
			t.Errorf("%s: Summary and Fix end without a full stop, Detail with one", r.ID)
		}
	}
}
