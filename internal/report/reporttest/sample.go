// Package reporttest makes reports for tests: those of internal/report, and
// the module conformance/report, which gives them to other programs.
package reporttest

import (
	"fmt"
	"strings"

	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
)

// Hostile are names and texts that some format could take for its own syntax.
func Hostile() []string {
	return []string{
		`</script><script>window.pwned=1</script>`,
		`<img src=x onerror="window.pwned=1">`,
		"`code` **bold** [link](https://evil.example/) | cell | @team #1 www.evil.example",
		"::error file=x::injected%0A\r\n::stop-commands::x",
		"]]> & <failure/> \x00\x07\x1b[31mred\x1b[0m",
		"\u202etxt.lmay\u202c \u200bnothing\ufeff \u2028line",
		"``` fence\n```\n</details></details>\n# heading",
		"{{js}} {{data}} {0} [a](1) \\ %41 héllo 世界 🎉 \xff",
		"javascript:alert(1) data:text/html,x //evil.example/x",
	}
}

const before = `apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata:
  name: db
  namespace: shop
spec:
  backendType: secretsManager
  data:
  - key: prod/shop/db
    name: password
    property: password
`

const after = `apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata:
  name: db
  namespace: shop
spec:
  refreshInterval: 1h0m0s
  secretStoreRef:
    kind: ClusterSecretStore
    name: aws-shop
  target:
    name: db
    template:
      type: Opaque
  data:
  - secretKey: password
    remoteRef:
      key: prod/shop/db
      property: password
`

func kes(namespace, name string) manifest.Ref {
	return manifest.Ref{Group: "kubernetes-client.io", Version: "v1", Kind: "ExternalSecret", Namespace: namespace, Name: name}
}

func finding(rule string, s manifest.Severity, pos manifest.Pos, ref manifest.Ref, message, fix string) report.Finding {
	return report.Finding{Finding: manifest.Finding{Rule: rule, Severity: s, Pos: pos, Ref: ref, Message: message, Fix: fix}}
}

// Sample is a report with an app in each state, one fault that two clusters
// see, findings with and without a place, a waiver, and an app made of hostile
// texts.
func Sample() *report.Report {
	db := manifest.Pos{File: "apps/shop/base/db.yaml", Line: 8, Column: 3}
	shared := finding("KES101", manifest.Error, db, kes("shop", "db"), "spec.template.data: `<%= _.pad(data.x) %>`: no such function in Go templates", "write the template that ESO is to run into kesbridge.yaml, under templates")
	waived := finding("KES106", manifest.Warning, manifest.Pos{File: "apps/shop/base/api.yaml", Line: 11, Column: 5}, kes("shop", "api"), "the path prod/shop is read as a prefix", "")
	waived.Waived = "the old backend goes away in June (OPS-1234)"
	r := &report.Report{Version: "1.2.3"}
	for _, cluster := range []string{"prod", "staging"} {
		r.Add(report.App{ID: "shop@" + cluster, Name: "shop", Cluster: cluster, Namespace: "shop", Project: "default", Path: "apps/shop/overlays/" + cluster,
			Application: manifest.Pos{File: "argocd/shop.yaml", Line: 1, Column: 1}, Kind: "kustomize", State: report.Decision, Reason: "a template has no equivalent",
			KES: 2, Converted: 1, Findings: []report.Finding{shared, waived},
			Secrets: []report.Secret{
				{Ref: kes("shop", "api"), Pos: manifest.Pos{File: "apps/shop/base/api.yaml", Line: 1, Column: 1}, Mode: "replace", Store: "ClusterSecretStore/aws-shop", Target: "api", Before: strings.ReplaceAll(before, "db", "api"), After: strings.ReplaceAll(after, "db", "api")},
				{Ref: kes("shop", "db"), Pos: manifest.Pos{File: "apps/shop/base/db.yaml", Line: 1, Column: 1}, Mode: "replace", Target: "db", Before: before},
			}})
	}
	r.Add(
		report.App{ID: "blog", Name: "blog", Path: "apps/blog", Kind: "directory", State: report.Native},
		report.App{ID: "billing@prod", Name: "billing", Cluster: "prod", Namespace: "billing", Path: "charts/billing", Kind: "helm", State: report.Plugin, KES: 1, Converted: 1,
			Secrets: []report.Secret{{Ref: kes("billing", "stripe"), Pos: manifest.Pos{File: "charts/billing", Line: 40, Column: 1, Origin: "billing/templates/stripe.yaml"}, Mode: "freeze", Store: "SecretStore/vault", Target: "stripe", Before: strings.ReplaceAll(before, "db", "stripe"), After: strings.ReplaceAll(after, "db", "stripe"),
				Next: &report.Next{Step: "replace", Started: true, Or: "protect", Blockers: []report.Blocker{{Code: "propagation", Rule: "KES708", Message: "the Application prunes with propagation foreground, Argo CD's default", Fix: "add the option"}}, Needs: []string{"more than one poll interval of KES (10s) since it was synced"}}}},
			Findings: []report.Finding{
				finding("KES605", manifest.Warning, manifest.Pos{File: "argocd/billing.yaml", Line: 6, Column: 5}, manifest.Ref{Kind: "Application", Namespace: "argocd", Name: "billing"}, "the render also reads charts/common/values.yaml; the value is .;/charts/common", "set the annotation to the value that the message gives"),
				finding("KES104", manifest.Info, manifest.Pos{File: "charts/billing", Line: 44, Column: 7, Origin: "billing/templates/stripe.yaml"}, kes("billing", "stripe"), "a number in the backend is printed as ESO prints it", ""),
			}},
		report.App{ID: "cache", Name: "cache", Path: "apps/cache", Kind: "directory", State: report.Rewrite, Reason: "one plain document", KES: 1, Converted: 1,
			Secrets: []report.Secret{{Ref: kes("cache", "redis"), Pos: manifest.Pos{File: "apps/cache/redis.yaml", Line: 1, Column: 1}, Mode: "replace", Store: "ClusterSecretStore/aws-cache", Target: "redis", Before: strings.ReplaceAll(before, "db", "redis"), After: strings.ReplaceAll(after, "db", "redis")}}},
		report.App{ID: "legacy", Name: "legacy", Path: "apps/legacy", Kind: "helm", State: report.Blocked, Reason: "values come from another source ($ref)", KES: 3,
			Findings: []report.Finding{finding("KES607", manifest.Warning, manifest.Pos{File: "argocd/legacy.yaml", Line: 14, Column: 9}, manifest.Ref{Kind: "Application", Name: "legacy"}, "source 2 is $values", "")}},
		report.App{ID: "search@prod", Name: "search", Cluster: "prod", Path: "apps/search", Kind: "kustomize", State: report.Broken,
			Findings: []report.Finding{finding("KES601", manifest.Error, manifest.Pos{File: "apps/search/kustomization.yaml", Line: 3, Column: 3}, manifest.Ref{}, "accumulating resources: missing.yaml: no such file", "correct the source that the message names")}},
		report.App{ID: "tenants", Name: "tenants", Application: manifest.Pos{File: "argocd/tenants.yaml", Line: 12, Column: 7}, State: report.Skipped, Reason: "the scmProvider generator asks another system",
			Findings: []report.Finding{finding("KES608", manifest.Warning, manifest.Pos{File: "argocd/tenants.yaml", Line: 12, Column: 7}, manifest.Ref{Kind: "ApplicationSet", Name: "tenants"}, "the scmProvider generator asks another system", "")}},
		hostile(),
	)
	r.AddFindings(finding("KES606", manifest.Warning, manifest.Pos{File: "infra/eso/Chart.yaml", Line: 7, Column: 5}, manifest.Ref{}, "the chart installs ESO 0.20 on prod, and esoVersion is 1.3", "set esoVersion (for the cluster) to what is installed").Finding,
		finding("KES208", manifest.Info, manifest.Pos{}, manifest.Ref{}, "KES polls every 10 s, and refreshInterval is 1h0m0s", "").Finding)
	return r
}

func hostile() report.App {
	h := Hostile()
	all := strings.Join(h, "\n")
	a := report.App{ID: "evil " + h[0], Name: h[1], Cluster: h[2], Namespace: h[3], Project: h[4], Path: h[5], Kind: h[6], State: report.Plugin, Reason: all, KES: 1, Converted: 1}
	for i, s := range h {
		a.Findings = append(a.Findings, finding("KES001", manifest.Warning, manifest.Pos{File: "apps/evil/" + s, Line: i + 1, Column: 2}, kes("evil", s), s, s))
	}
	a.Secrets = []report.Secret{{Ref: kes(h[0], h[1]), Pos: manifest.Pos{File: h[7], Line: 1}, Mode: h[2], Store: h[3], Target: h[8], Before: all + "\nx: 1\n", After: "y: 2\n" + all,
		Next: &report.Next{Step: h[0], Started: true, Blockers: []report.Blocker{{Code: h[1], Rule: h[2], Message: all, Fix: h[3]}}, Needs: h, Later: []report.Blocker{{Code: "keys", Message: h[4]}}}}}
	return a
}

// Many is a report of n apps, one in ten with resources and findings.
func Many(n int) *report.Report {
	r := &report.Report{Version: "1.2.3"}
	var apps []report.App
	for i := range n {
		name := fmt.Sprintf("app-%04d", i)
		a := report.App{ID: name + "@prod", Name: name, Cluster: "prod", Path: "apps/" + name, Kind: []string{"kustomize", "helm"}[i%2], State: report.Native}
		if i%10 == 0 {
			a.State, a.KES, a.Converted = report.Plugin, 4, 4
			for j := range 4 {
				s := fmt.Sprintf("secret-%d", j)
				pos := manifest.Pos{File: a.Path + "/" + s + ".yaml", Line: 1, Column: 1}
				a.Secrets = append(a.Secrets, report.Secret{Ref: kes(name, s), Pos: pos, Mode: "replace", Target: s, Before: strings.ReplaceAll(before, "db", s), After: strings.ReplaceAll(after, "db", s)})
				a.Findings = append(a.Findings, finding("KES104", manifest.Warning, pos, kes(name, s), "a value is printed otherwise", "look at it"))
			}
		}
		apps = append(apps, a)
	}
	r.Add(apps...)
	return r
}
