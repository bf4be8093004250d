package render

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	cmTemplate = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\ndata:\n  a: {{ .Values.a | quote }}\n" +
		"  b: {{ .Values.b | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version }}\n  api: {{ .Capabilities.APIVersions.Has \"x.io/v1\" | quote }}\n"
	chartYAML = "apiVersion: v2\nname: c\nversion: 1.0.0\n"
)

// chartRepo is a repository whose application uses a chart.
func chartRepo(t *testing.T, kust string, more map[string]string) string {
	t.Helper()
	files := map[string]string{
		"app/kustomization.yaml":        kust,
		"app/charts/c/Chart.yaml":       chartYAML,
		"app/charts/c/values.yaml":      "a: chart\nb: chart\n",
		"app/charts/c/templates/a.yaml": cmTemplate,
		"app/more.yaml":                 "b: more\n",
	}
	for n, data := range more {
		files[n] = data
	}
	return repo(t, files)
}

func renderCharts(t *testing.T, root string, opt KustomizeOptions) (*Output, error) {
	t.Helper()
	opt.BuildOptions = append(opt.BuildOptions, "--enable-helm")
	opt.HelmCommand = helmLink(t)
	before, temp := snapshot(t, root), tempNames(t)
	out, err := Render(context.Background(), Source{
		Dir: filepath.Join(root, "app"), Root: root, Kustomize: opt, KubeVersion: "1.30.2", APIVersions: []string{"x.io/v1"},
	})
	if snapshot(t, root) != before {
		t.Error("the checkout was changed")
	}
	if after := tempNames(t); after != temp {
		t.Errorf("left behind: %s, was %s", after, temp)
	}
	return out, err
}

func helmLink(t *testing.T) string {
	t.Helper()
	path, err := HelmCommand(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// tempNames are the directories for temporary files that kustomize and we
// make; t.TempDir's aren't among them.
func tempNames(t *testing.T) string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"kustomize-*", "kesbridge-kustomize-*"} {
		m, err := filepath.Glob(filepath.Join(os.TempDir(), pattern))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, m...)
	}
	return strings.Join(names, " ")
}

func TestKustomizeCharts(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	cm := func(name, ns, a, b string) string {
		if ns != "" {
			ns = "  namespace: " + ns + "\n"
		}
		return "apiVersion: v1\ndata:\n  a: " + a + "\n  api: \"true\"\n  b: " + b + "\n  kube: v1.30.2\nkind: ConfigMap\nmetadata:\n  name: " + name + "\n" + ns
	}
	gen := "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nname: c\nreleaseName: r\n"
	for name, c := range map[string]struct {
		kust string
		more map[string]string
		want string
	}{
		"plain":         {kust: "helmCharts: [{name: c}]\n", want: cm("release-name", "default", "chart", "chart")},
		"options":       {kust: "namePrefix: p-\nhelmCharts: [{name: c, releaseName: r, namespace: shop, valuesInline: {a: inline}, additionalValuesFiles: [more.yaml]}]\n", want: cm("p-r", "shop", "inline", "more")},
		"values file":   {kust: "helmCharts: [{name: c, releaseName: r, valuesFile: more.yaml}]\n", want: cm("r", "default", "chart", "more")},
		"merge":         {kust: "helmCharts: [{name: c, releaseName: r, valuesFile: more.yaml, valuesMerge: merge, valuesInline: {b: inline, a: inline}}]\n", want: cm("r", "default", "inline", "more")},
		"chart home":    {kust: "helmGlobals: {chartHome: ../vendor}\nhelmCharts: [{name: d, releaseName: r, valuesFile: more.yaml}]\n", more: map[string]string{"vendor/d": "-> ../app/charts/c"}, want: cm("r", "default", "chart", "more")},
		"with a repo":   {kust: "helmCharts: [{name: c, version: 1.0.0, repo: 'https://example.invalid', releaseName: r}]\n", more: map[string]string{"app/charts/c-1.0.0/c": "-> ../c"}, want: cm("r", "default", "chart", "chart")},
		"base":          {kust: "resources: [../base]\nnameSuffix: -s\n", more: map[string]string{"base/kustomization.yaml": "helmCharts: [{name: c, releaseName: r}]\n", "base/charts/c/Chart.yaml": "-> ../../../app/charts/c/Chart.yaml", "base/charts/c/templates": "-> ../../../app/charts/c/templates", "base/charts/c/values.yaml": "a: base\nb: base\n"}, want: cm("r-s", "default", "base", "base")},
		"old field":     {kust: "helmChartInflationGenerator: [{chartName: c, releaseName: r}]\n", want: cm("r", "default", "chart", "chart")},
		"generator":     {kust: "generators: [g.yaml]\n", more: map[string]string{"app/g.yaml": gen + "valuesInline: {a: inline}\n"}, want: cm("r", "default", "inline", "chart")},
		"inline":        {kust: "generators:\n- |\n  " + strings.ReplaceAll(gen, "\n", "\n  ") + "\n", want: cm("r", "default", "chart", "chart")},
		"linked values": {kust: "helmCharts: [{name: c, releaseName: r}]\n", more: map[string]string{"app/charts/c/values.yaml": "-> ../../more.yaml"}, want: cm("r", "default", "null", "more")},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := renderCharts(t, chartRepo(t, c.kust, c.more), KustomizeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if got := string(out.Streams[0].Data); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// The chart home, the chart and its files stay inside the repository, and a
// chart from elsewhere needs the network.
func TestKustomizeChartsConfined(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var (
		outside  *OutsideError
		network  *NetworkError
		unsupp   *UnsupportedError
		gen      = "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: g}\nreleaseName: r\n"
		elswhere = map[string]string{"vendor/x": ""}
	)
	for name, c := range map[string]struct {
		kust  string
		more  map[string]string
		want  any
		place string
	}{
		"absolute home":      {kust: "helmGlobals:\n  chartHome: /etc\nhelmCharts: [{name: ssl}]\n", want: &outside, place: "app/kustomization.yaml:2:14: "},
		"home above":         {kust: "helmGlobals: {chartHome: ../..}\nhelmCharts: [{name: other}]\n", want: &outside},
		"name above":         {kust: "helmCharts:\n- name: ../../../other\n", want: &outside, place: "app/kustomization.yaml:2:9: "},
		"version above":      {kust: "helmCharts: [{name: other, repo: 'https://x', version: '/../../../../x'}]\n", want: &outside},
		"home above, back":   {kust: "helmGlobals: {chartHome: ../..}\nhelmCharts: [{name: repo/app/d, repo: 'https://x'}]\n", want: &outside},
		"linked home":        {kust: "helmGlobals: {chartHome: l}\nhelmCharts: [{name: other}]\n", more: map[string]string{"app/l": "-> ../.."}, want: &outside},
		"linked chart":       {kust: "helmCharts: [{name: d}]\n", more: map[string]string{"app/charts/d": "-> ../../../other"}, want: &outside},
		"linked template":    {kust: "helmCharts: [{name: c}]\n", more: map[string]string{"app/charts/c/templates/b.yaml": "-> ../../../../../secret.yaml"}, want: &outside},
		"linked values":      {kust: "helmCharts: [{name: c}]\n", more: map[string]string{"app/charts/c/values.yaml": "-> /etc/passwd"}, want: &outside},
		"values file":        {kust: "helmCharts: [{name: c, valuesFile: l.yaml}]\n", more: map[string]string{"app/l.yaml": "-> ../../secret.yaml"}, want: &outside},
		"more values":        {kust: "helmCharts: [{name: c, additionalValuesFiles: [l.yaml]}]\n", more: map[string]string{"app/l.yaml": "-> ../../secret.yaml"}, want: &outside},
		"more values, above": {kust: "helmCharts: [{name: c, additionalValuesFiles: [../../secret.yaml]}]\n", want: &outside},
		"generator":          {kust: "generators: [g.yaml]\n", more: map[string]string{"app/g.yaml": gen + "name: other\nchartHome: ../..\n"}, want: &outside},
		"generator's anchor": {kust: "generators: [g.yaml]\n", more: map[string]string{"app/g.yaml": gen + "x: &x {chartHome: /}\n<<: *x\nname: etc\n"}, want: &outside},
		"generator's case":   {kust: "generators: [g.yaml]\n", more: map[string]string{"app/g.yaml": gen + "name: etc\nChartHome: /\n"}, want: &outside},
		"generators in list": {kust: "generators: [g.yaml]\n", more: map[string]string{"app/g.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: builtin, kind: HelmChartInflationGenerator, metadata: {name: g}, name: etc, chartHome: /}\n"}, want: &outside},
		"generators below":   {kust: "generators: [g]\n", more: map[string]string{"app/g/kustomization.yaml": "resources: [g.yaml]\n", "app/g/g.yaml": gen + "name: c\n"}, want: &unsupp},
		"old field":          {kust: "helmChartInflationGenerator: [{chartName: other, chartHome: ../..}]\n", want: &outside},
		"base":               {kust: "resources: [../base]\n", more: map[string]string{"base/kustomization.yaml": "helmGlobals: {chartHome: ../..}\nhelmCharts: [{name: other}]\n"}, want: &outside, place: "base/kustomization.yaml:"},
		"unrestricted":       {kust: "helmGlobals: {chartHome: /}\nhelmCharts: [{name: etc}]\n", more: elswhere, want: &outside},
		"repo":               {kust: "helmCharts: [{name: d, repo: 'https://example.invalid', version: 1.0.0}]\n", want: &network, place: "app/kustomization.yaml:1:30: "},
		"repo, no version":   {kust: "helmCharts: [{name: d, repo: 'oci://example.invalid'}]\n", want: &network},
		"repo of generator":  {kust: "generators: [g.yaml]\n", more: map[string]string{"app/g.yaml": gen + "name: d\nrepo: https://example.invalid\n"}, want: &network},
	} {
		t.Run(name, func(t *testing.T) {
			opt := KustomizeOptions{}
			if name == "unrestricted" {
				opt.BuildOptions = []string{"--load-restrictor=LoadRestrictionsNone"}
			}
			out, err := renderCharts(t, chartRepo(t, c.kust, c.more), opt)
			if !errors.As(err, c.want) {
				t.Fatalf("got %+v, error %v", out, err)
			}
			if !strings.HasPrefix(err.Error(), c.place) || strings.Contains(err.Error(), "top secret") || strings.Contains(err.Error(), os.TempDir()) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// configHome brings no plugins (GHSA-fw5c-w8rc-j7fx): none runs, though they
// lie where Helm looks for them and are for this scheme.
func TestKustomizeHelmPlugins(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ran := filepath.Join(t.TempDir(), "ran")
	plugin := map[string]string{}
	for _, dir := range []string{"app/home/.data/plugins/p", "app/home/plugins/p"} {
		plugin[dir+"/plugin.yaml"] = "name: p\nversion: 1.0.0\ncommand: $HELM_PLUGIN_DIR/run.sh\ndownloaders:\n- command: run.sh\n  protocols: [evil]\n"
		plugin[dir+"/run.sh"] = "#!/bin/sh\ntouch " + ran + "\n"
	}
	for _, kust := range []string{
		"helmGlobals: {configHome: home}\nhelmCharts: [{name: c, releaseName: r}]\n",
		"helmGlobals: {configHome: home}\nhelmCharts: [{name: d, repo: 'evil://x', version: 1.0.0}]\n",
	} {
		for _, allow := range []bool{false, true} {
			root := chartRepo(t, kust, plugin)
			for n := range plugin {
				if err := os.Chmod(filepath.Join(root, n), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(filepath.Join(root, "app"))
			_, err := Render(context.Background(), Source{
				Dir: ".", Root: root, Network: Network{Allow: allow},
				Kustomize: KustomizeOptions{BuildOptions: []string{"--enable-helm"}, HelmCommand: helmLink(t)},
			})
			if strings.Contains(kust, "evil") == (err == nil) {
				t.Errorf("%s: %v", kust, err)
			}
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a plugin ran")
	}
}

// Without a helm command, and without --enable-helm, charts are errors.
func TestKustomizeChartsWithoutHelm(t *testing.T) {
	root := chartRepo(t, "helmCharts: [{name: c}]\n", nil)
	src := Source{Dir: filepath.Join(root, "app"), Root: root, Kustomize: KustomizeOptions{HelmCommand: "sh"}}
	if _, err := Render(context.Background(), src); err == nil || !strings.Contains(err.Error(), "must specify --enable-helm") {
		t.Error(err)
	}
	src.Kustomize = KustomizeOptions{BuildOptions: []string{"--enable-helm"}}
	var ue *UnsupportedError
	if _, err := Render(context.Background(), src); !errors.As(err, &ue) {
		t.Error(err)
	}
}

// What is copied has bounds, and links in a circle end.
func TestKustomizeChartCopies(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, files := range []map[string]string{
		{"app/charts/c/files/up": "-> ../.."},
		{"app/charts/c/x": "-> ../../../d", "d/x/1": "-> ../../e", "d/x/2": "-> ../../e", "e/3": "-> ../d", "e/4": "-> ../d"},
	} {
		if out, err := renderCharts(t, chartRepo(t, "helmCharts: [{name: c}]\n", files), KustomizeOptions{}); err == nil {
			t.Errorf("%s", out.Streams[0].Data)
		}
	}
}
