package fleet_test

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"kesbridge/internal/argocd"
	"kesbridge/internal/fleet"
	"kesbridge/internal/manifest"
)

func find(t *testing.T, files string) *fleet.Fleet {
	t.Helper()
	checkout, o := repository(t, txtar.Parse([]byte(files)))
	fl, err := fleet.Find(t.Context(), checkout, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return fl
}

const es = "external-secrets.io"

// TestForbidden: the table of app_project_types.go, IsGroupKindPermitted.
func TestForbidden(t *testing.T) {
	const head = "-- p.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: shop}\nspec:\n"
	for _, c := range []struct {
		name, spec  string
		line        int // of what forbids the ExternalSecret
		clusterLine int // of what forbids a ClusterSecretStore
	}{
		{"nothing", "  description: x\n", 0, 1},
		{"whitelists", "  namespaceResourceWhitelist: [{group: '*', kind: '*'}]\n  clusterResourceWhitelist: [{group: '*', kind: '*'}]\n", 0, 0},
		{"another group", "  clusterResourceWhitelist: [{group: 'external-secrets.*', kind: Cluster*}]\n  namespaceResourceWhitelist:\n    - {group: apps, kind: '*'}\n", 6, 0},
		{"empty whitelist", "  namespaceResourceWhitelist: []\n  clusterResourceWhitelist: []\n", 5, 6},
		{"null whitelist", "  namespaceResourceWhitelist:\n", 0, 1},
		{"blacklist wins", "  namespaceResourceWhitelist: [{group: '*', kind: '*'}]\n  namespaceResourceBlacklist: [{group: external-secrets.io, kind: 'External*'}]\n", 6, 1},
		{"a glob doesn't cross a slash", "  namespaceResourceWhitelist: [{group: '*', kind: 'ExternalSecre?'}]\n", 0, 1},
		{"a broken glob fits nothing", "  namespaceResourceBlacklist: [{group: '[', kind: '*'}]\n", 0, 1},
	} {
		fl := find(t, head+c.spec)
		for _, k := range []struct {
			kind       string
			namespaced bool
			line       int
		}{{"ExternalSecret", true, c.line}, {"ClusterSecretStore", false, c.clusterLine}} {
			pos, why, ok := fl.Forbidden("shop", es, k.kind, k.namespaced)
			if ok != (k.line > 0) || ok && (pos.Line != k.line || pos.File != "p.yaml" || !strings.Contains(why, k.kind)) {
				t.Errorf("%s: %s: %v %q %v, want line %d", c.name, k.kind, pos, why, ok, k.line)
			}
		}
		if _, _, ok := fl.Forbidden("other", es, "ExternalSecret", true); ok {
			t.Errorf("%s: a project that isn't in Git forbids", c.name)
		}
	}
	fl := find(t, "-- a.yaml --\n")
	from := manifest.Pos{File: "argocd/root.yaml", Line: 3}
	fl.Rendered("out", []byte("apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: shop}\nspec: {namespaceResourceWhitelist: []}\n"), fleet.Candidate{From: from})
	if pos, _, ok := fl.Forbidden("shop", es, "ExternalSecret", true); !ok || pos != from {
		t.Errorf("rendered: %v %v", pos, ok)
	}
}

// TestExcluded: the table of util/settings/resources_filter.go.
func TestExcluded(t *testing.T) {
	cm := func(text string) string {
		return "-- cm.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n" + text
	}
	const prod = "https://prod.example"
	for _, c := range []struct {
		name, files string
		line        int
	}{
		{"excluded", cm("  resource.exclusions: |\n    - apiGroups: ['*.io']\n      kinds: ['*']\n      clusters: ['https://prod*']\n"), 5},
		{"kinds are no globs", cm("  resource.exclusions: |\n    - apiGroups: ['*']\n      kinds: ['External*']\n"), 0},
		{"another cluster", cm("  resource.exclusions: |\n    - apiGroups: ['*']\n      clusters: [https://staging.example]\n"), 0},
		{"not included", cm("  resource.inclusions: |\n    - apiGroups: ['apps']\n"), 5},
		{"included", cm("  resource.inclusions: |\n    - kinds: [ExternalSecret]\n"), 0},
		{"included elsewhere", cm("  resource.inclusions: |\n    - kinds: [Deployment]\n      clusters: [x]\n"), 0},
		{"values of the chart", "-- values.yaml --\nconfigs:\n  cm:\n    resource.exclusions: |\n      - apiGroups: [external-secrets.io]\n", 3},
		{"values in an Application", "-- a.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd}\nspec:\n  source:\n    chart: argo-cd\n    helm:\n      values: |\n        configs:\n          cm:\n            resource.exclusions: |\n              - apiGroups: [external-secrets.io]\n", 11},
		{"a patch in a kustomization", "-- kustomization.yaml --\npatches:\n  - patch: |\n      kind: ConfigMap\n      data:\n        resource.exclusions: |\n          - apiGroups: [external-secrets.io]\n", 5},
	} {
		pos, why, ok := find(t, c.files).Excluded(prod, es, "ExternalSecret")
		if ok != (c.line > 0) || pos.Line != c.line {
			t.Errorf("%s: %v %q %v, want line %d", c.name, pos, why, ok, c.line)
		}
	}
}

func TestESOVersions(t *testing.T) {
	fl := find(t, `-- kesbridge.yaml --
clusters:
  prod: {server: "https://prod.example"}
  staging: {server: "https://staging.example"}
-- eso.yaml --
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: eso}
spec:
  source: {chart: external-secrets, repoURL: "https://charts.example", targetRevision: 0.9.20}
  destination: {server: "https://prod.example"}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: crds}
spec:
  source: {path: crds, repoURL: "https://git.example/shop/deploy.git"}
  destination: {name: staging}
-- crds/crd.yaml --
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: externalsecrets.external-secrets.io}
spec: {versions: [{name: v1, served: true}]}
-- lone/Chart.yaml --
apiVersion: v2
name: lone
version: 1.0.0
dependencies: [{name: external-secrets, version: 1.3.0}]
`)
	show := func(cluster, set string) string {
		var out []string
		for _, e := range fl.ESOVersions(cluster) {
			s := e.Pos.String()
			if e.Everywhere {
				s += " everywhere"
			}
			if e.Contradicts(set) != "" {
				s += " contradicts"
			}
			out = append(out, s)
		}
		return strings.Join(out, ", ")
	}
	for _, c := range [][3]string{
		{"prod", "0.9", "eso.yaml:5, lone/Chart.yaml:4 everywhere contradicts"},
		{"prod", "1.3", "eso.yaml:5 contradicts, lone/Chart.yaml:4 everywhere"},
		{"staging", "0.9", "crds/crd.yaml:1 contradicts, lone/Chart.yaml:4 everywhere contradicts"},
		{"staging", "1.3", "crds/crd.yaml:1, lone/Chart.yaml:4 everywhere"},
		{"staging", "", "crds/crd.yaml:1, lone/Chart.yaml:4 everywhere"},
	} {
		if got := show(c[0], c[1]); got != c[2] {
			t.Errorf("%s, %s:\n got %s\nwant %s", c[0], c[1], got, c[2])
		}
	}
}

func TestBlocked(t *testing.T) {
	const head = "-- argocd/a.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: web\n  annotations:\n    argocd.argoproj.io/manifest-generate-paths: .\n%s\nspec:\n"
	const repo = "repoURL: https://git.example/shop/deploy.git"
	const dir = "-- apps/web/a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	for _, c := range []struct{ name, annotation, spec, more, want string }{
		{"plain", "", "  source: {path: apps/web, " + repo + "}\n", "", ""},
		{"own plugin", "", "  source: {path: apps/web, " + repo + ", plugin: {name: kesbridge-v1}}\n", "", ""},
		{"image updater", "    argocd-image-updater.argoproj.io/image-list: a", "  source: {path: apps/web, " + repo + "}\n", "", "Image Updater"},
		{"ref", "", "  sources: [{path: apps/web, " + repo + ", helm: {valueFiles: [$v/x.yaml]}}, {ref: v, " + repo + "}]\n", "", "no plugin gets other sources"},
		{"hydrator", "", "  sourceHydrator: {drySource: {path: apps/web, " + repo + "}}\n", "", "hydrator"},
		{"source file", "", "  source: {path: apps/web, " + repo + "}\n", "-- apps/web/.argocd-source-web.yaml --\nhelm: {releaseName: x}\n", "apps/web/.argocd-source-web.yaml sets"},
		{"plugin in a source file", "", "  source: {path: apps/web, " + repo + "}\n", "-- apps/web/.argocd-source.yaml --\nplugin: {name: other}\n", "another plugin"},
	} {
		fl := find(t, strings.Replace(head, "%s", c.annotation, 1)+c.spec+dir+c.more)
		if len(fl.Apps) != 1 || fl.Apps[0].App == nil {
			t.Fatalf("%s: %+v %+v", c.name, fl.Apps, fl.Skipped)
		}
		app := fl.Apps[0].App
		if got, ok := fl.Blocked(app); ok != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if got := fleet.RefSources(app); got != (c.name == "ref") {
			t.Errorf("%s: ref %v", c.name, got)
		}
		if got := fl.Annotation(fl.Apps[0], fleet.GeneratePathsAnnotation).String(); got != "argocd/a.yaml:6:5" {
			t.Errorf("%s: annotation at %s", c.name, got)
		}
	}
	if got, ok := find(t, "-- a.yaml --\n").Blocked(&argocd.Application{}); ok {
		t.Error(got)
	}
}

// TestAnnotation: in the second document, in a List, in an ApplicationSet.
func TestAnnotation(t *testing.T) {
	const key = "argocd.argoproj.io/manifest-generate-paths"
	fl := find(t, `-- a.yaml --
kind: ConfigMap
apiVersion: v1
metadata: {name: x, annotations: {`+key+`: no}}
---
apiVersion: v1
kind: List
items:
  - apiVersion: argoproj.io/v1alpha1
    kind: Application
    metadata: {name: one, annotations: {`+key+`: a}}
    spec: {source: {path: a, repoURL: "https://git.example/shop/deploy.git"}}
-- set.yaml --
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: set}
spec:
  generators: [{list: {elements: [{app: two}]}}]
  template:
    metadata:
      name: '{{app}}'
      annotations:
        `+key+`: b
    spec: {source: {path: a, repoURL: "https://git.example/shop/deploy.git"}}
-- a/a.yaml --
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
`)
	var got []string
	for _, c := range fl.Apps {
		got = append(got, fl.Annotation(c, key).String())
	}
	// The ConfigMap makes a directory of the root, which has no annotation.
	if s := strings.Join(got, " "); s != "a.yaml:10:41 set.yaml:10:9 a.yaml" {
		t.Errorf("%s %+v", s, fl.Skipped)
	}
}

// TestTracking: application.resourceTrackingMethod wherever people write it.
func TestTracking(t *testing.T) {
	const cm = "-- cm.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata:\n"
	for _, c := range []struct {
		name, files, method, key string
		line                     int
	}{
		{"not told", "-- a.yaml --\n", "", "", 0},
		{"a ConfigMap", cm + "  application.resourceTrackingMethod: label\n  application.instanceLabelKey: example.com/app\n", "label", "example.com/app", 5},
		{"another method", cm + "  application.resourceTrackingMethod: annotation+label\n", "annotation+label", "", 5},
		{"an empty one is none", cm + "  application.resourceTrackingMethod: ''\n", "", "", 0},
		{"label before others", cm + "  application.resourceTrackingMethod: annotation\n-- d.yaml --\napiVersion: v1\nkind: ConfigMap\ndata: {application.resourceTrackingMethod: label}\n", "label", "", 3},
		{"values of the chart", "-- values.yaml --\nconfigs:\n  cm:\n    application.resourceTrackingMethod: label\n", "label", "", 3},
		{"values in an Application", "-- a.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd}\nspec:\n  source:\n    chart: argo-cd\n    helm:\n      values: |\n        configs:\n          cm:\n            application.resourceTrackingMethod: label\n", "label", "", 11},
		{"a parameter of helm", "-- a.yaml --\napiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: argocd}\nspec:\n  source:\n    chart: argo-cd\n    helm:\n      parameters:\n        - {name: configs.cm.application\\.resourceTrackingMethod, value: label}\n", "label", "", 9},
		{"a literal", "-- kustomization.yaml --\nconfigMapGenerator:\n  - name: argocd-cm\n    literals: [application.resourceTrackingMethod=label]\n", "label", "", 3},
		{"a patch", "-- kustomization.yaml --\npatches:\n  - patch: |\n      kind: ConfigMap\n      data:\n        application.resourceTrackingMethod: label\n", "label", "", 5},
	} {
		method, key, pos := find(t, c.files).Tracking()
		if method != c.method || key != c.key || pos.Line != c.line {
			t.Errorf("%s: %q %q %v, want %q %q line %d", c.name, method, key, pos, c.method, c.key, c.line)
		}
	}
}
