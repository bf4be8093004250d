package render

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/cli/values"
)

// optionRepo is a repository for options: the chart prints all it can see.
var optionRepo = map[string]string{
	"apps/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.2.3\nappVersion: '4'\ndependencies:\n" +
		"- {name: db, version: 1.x, condition: db.enabled, import-values: [data]}\n- {name: db, version: '>=1', alias: cache, tags: [extra]}\n- {name: old, version: '*'}\n",
	"apps/web/values.yaml":        "a: chart\nlist: [x, {y: 1}]\nmap: {keep: 1, drop: 2}\ndb: {size: 1}\nglobal: {region: eu}\ntags: {extra: false}\n",
	"apps/web/values.schema.json": `{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "properties": {"a": {"type": ["string", "number", "boolean", "object", "array", "null"]}, "size": {"type": "integer"}}}`,
	"apps/web/crds/crd.yaml":      "kind: CustomResourceDefinition\napiVersion: apiextensions.k8s.io/v1\nmetadata: {name: ws.x.io}\n",
	"apps/web/templates/all.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}\ndata:\n  values: |\n    {{- toYaml .Values | nindent 4 }}\n" +
		"  kube: {{ .Capabilities.KubeVersion.Version }}\n  helm: {{ .Capabilities.HelmVersion.Version }}\n  has: {{ .Capabilities.APIVersions.Has \"x.io/v1/W\" | quote }}\n  last: {{ last .Capabilities.APIVersions }}\n" +
		"  files: {{ .Files.Get \"extra.txt\" | quote }}\n  chart: {{ toJson .Chart | quote }}\n",
	"apps/web/templates/job.yaml":           "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j, annotations: {helm.sh/hook: 'pre-install,post-upgrade'}}\n",
	"apps/web/templates/test.yaml":          "apiVersion: v1\nkind: Pod\nmetadata: {name: t, annotations: {helm.sh/hook: test}}\n",
	"apps/web/templates/es.yaml":            "{{ range $k, $v := .Values.secrets }}\n---\napiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: {name: {{ $k }}}\nspec: {backendType: vault, data: [{key: {{ $v | quote }}, name: n}]}\n{{ end }}\n",
	"apps/web/extra.txt":                    "file, with: comma",
	"apps/web/.helmignore":                  "*.md\nvalues-*\n",
	"apps/web/charts/db/Chart.yaml":         "apiVersion: v2\nname: db\nversion: 1.4.0\n",
	"apps/web/charts/db/values.yaml":        "size: 3\nexports: {data: {imported: yes}}\n",
	"apps/web/charts/db/templates/x.yaml":   "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Chart.Name }}-{{ .Values.size }}-{{ .Values.global.region }}}\n",
	"apps/web/charts/old/Chart.yaml":        "name: old\nversion: 2.0.0\n",
	"apps/web/charts/old/requirements.yaml": "dependencies: []\n",
	"apps/web/charts/old/templates/x.yaml":  "apiVersion: v1\nkind: Secret\nmetadata: {name: old}\nstringData: {a: {{ .Values.a | default \"-\" | quote }}}\n",
	"apps/web/values-prod.yaml":             "a: prod\nmap: {drop: null, more: 3}\nsecrets: {one: k/1, two: k/2}\n",
	"apps/web/values-two.yaml":              "list: [z]\n---\nb: second document\n",
	"common/values.yaml":                    "a: common\nglobal: {region: us}\nglobal2: 1\n",
	"common/text,comma.txt":                 "text\nfrom a file",
}

// options are what a combination is made of: for us, and as Helm's arguments.
var options = []struct {
	name string
	ours func(*HelmOptions, *Source)
	args []string
}{
	{"prod", func(h *HelmOptions, _ *Source) { h.ValueFiles = append(h.ValueFiles, "values-prod.yaml") }, []string{"-f", "apps/web/values-prod.yaml"}},
	{"two", func(h *HelmOptions, _ *Source) { h.ValueFiles = append(h.ValueFiles, "values-two.yaml") }, []string{"-f", "apps/web/values-two.yaml"}},
	{"root", func(h *HelmOptions, _ *Source) { h.ValueFiles = append(h.ValueFiles, "/common/values.yaml") }, []string{"-f", "common/values.yaml"}},
	{"up", func(h *HelmOptions, _ *Source) { h.ValueFiles = append(h.ValueFiles, "../../common/values.yaml") }, []string{"-f", "common/values.yaml"}},
	{"crds", func(h *HelmOptions, _ *Source) { h.SkipCRDs = true }, []string{"skip-crds"}},
	{"tests", func(h *HelmOptions, _ *Source) { h.SkipTests = true }, []string{"skip-tests"}},
	{"schema", func(h *HelmOptions, _ *Source) { h.SkipSchemaValidation = true }, []string{"skip-schema"}},
	{"ns", func(h *HelmOptions, _ *Source) { h.Namespace = "shop" }, []string{"ns", "shop"}},
	{"name", func(h *HelmOptions, _ *Source) { h.ReleaseName = "rel" }, []string{"name", "rel"}},
	{"kube", func(_ *HelmOptions, s *Source) { s.KubeVersion = "v1.31.2" }, []string{"kube", "v1.31.2"}},
	{"apis", func(_ *HelmOptions, s *Source) { s.APIVersions = []string{"x.io/v1", "x.io/v1/W"} }, []string{"api", "x.io/v1", "api", "x.io/v1/W"}},
	{"plain", param("a", "set", false), []string{"set", "a=set"}},
	{"number", param("n", "0012", false), []string{"set", "n=0012"}},
	{"comma", param("a", "x,y=z", false), []string{"set", `a=x\,y=z`}},
	{"escaped", param("a", `x\,y`, false), []string{"set", `a=x\,y`}},
	{"list", param("list", "{p,q}", false), []string{"set", "list={p,q}"}},
	{"list string", param("list", "{1,true}", true), []string{"str", "list={1,true}"}},
	{"index", param("list[1].y", "7", false), []string{"set", "list[1].y=7"}},
	{"far index", param("new[2]", "x", false), []string{"set", "new[2]=x"}},
	{"null", param("map.drop", "null", false), []string{"set", "map.drop=null"}},
	{"bool", param("tags.extra", "true", false), []string{"set", "tags.extra=true"}},
	{"string", param("tags.extra", "true", true), []string{"str", "tags.extra=true"}},
	{"condition", param("db.enabled", "false", false), []string{"set", "db.enabled=false"}},
	{"size", param("db.size", "9", false), []string{"set", "db.size=9"}},
	{"dots", param(`labels.app\.kubernetes\.io/x`, "y", false), []string{"set", `labels.app\.kubernetes\.io/x=y`}},
	{"empty", param("e", "", false), []string{"set", "e="}},
	{"space", param("s", " a \t b ", false), []string{"set", "s= a \t b "}},
	{"newline", param("s", "a\nb: 'c'", true), []string{"str", "s=a\nb: 'c'"}},
	{"unicode", param("u", "Größe,😀", true), []string{"str", `u=Größe\,😀`}},
	{"several", param("x=1,y", "2", false), []string{"set", "x=1,y=2"}},
	{"conflict", param("a.b", "deep", false), []string{"set", "a.b=deep"}},
	{"secret", param("secrets.three", "k/3", false), []string{"set", "secrets.three=k/3"}},
	{"file", fileParam("f", "extra.txt"), []string{"file", "f=apps/web/extra.txt"}},
	{"root file", fileParam("g.h", "/common/text,comma.txt"), []string{"file", `g.h=common/text\,comma.txt`}},
}

// inline are the option Values, which stands for itself: later than all files.
var inline = []string{"", "a: inline\nlist: [inline]\n", "db: {size: 5}\ncache: {size: 6}\ntags: {extra: true}\n", "map: null\n", "{a: '$HOME ${USER}'}\n", "size: wrong\n", "secrets: {inl: k/4}\nglobal: {x: y}\n"}

func param(name, value string, str bool) func(*HelmOptions, *Source) {
	return func(h *HelmOptions, _ *Source) {
		h.Parameters = append(h.Parameters, HelmParameter{Name: name, Value: value, ForceString: str})
	}
}

func fileParam(name, path string) func(*HelmOptions, *Source) {
	return func(h *HelmOptions, _ *Source) {
		h.FileParameters = append(h.FileParameters, HelmFileParameter{Name: name, Path: path})
	}
}

// combination is the i-th: options in order, and Helm's settings for them.
func combination(t *testing.T, i int, root string) (Source, *values.Options, string) {
	r := rand.New(rand.NewPCG(9, uint64(i)))
	n := r.IntN(7)
	src := Source{Dir: filepath.Join(root, "apps/web"), Root: root, Kind: Helm}
	vals, label := &values.Options{}, ""
	for _, j := range r.Perm(len(options))[:n] {
		o := options[j]
		if o.name == "up" && slices.Contains(src.Helm.ValueFiles, "/common/values.yaml") || o.name == "root" && slices.Contains(src.Helm.ValueFiles, "../../common/values.yaml") {
			continue // the second is left out, unlike Helm
		}
		if slices.ContainsFunc(src.Helm.Parameters, func(p HelmParameter) bool { return strings.HasPrefix(o.args[len(o.args)-1], p.Name+"=") }) {
			continue // Argo CD has a name once
		}
		o.ours(&src.Helm, &src)
		label += " " + o.name
		for k := 0; k+1 < len(o.args); k += 2 {
			switch v := o.args[k+1]; o.args[k] {
			case "-f":
				vals.ValueFiles = append(vals.ValueFiles, filepath.Join(root, v))
			case "set":
				vals.Values = append(vals.Values, v)
			case "str":
				vals.StringValues = append(vals.StringValues, v)
			case "file":
				name, p, _ := strings.Cut(v, "=")
				vals.FileValues = append(vals.FileValues, name+"="+root+"/"+p)
			}
		}
	}
	if k := r.IntN(2 * len(inline)); k < len(inline) && inline[k] != "" {
		src.Helm.Values = inline[k]
		f := filepath.Join(t.TempDir(), "inline")
		write(t, filepath.Dir(f), map[string]string{"inline": inline[k]})
		vals.ValueFiles = append(vals.ValueFiles, f)
		label += fmt.Sprint(" inline", k)
	}
	return src, vals, label
}

// Whatever options there are, it gives Helm's bytes or fails as Helm does.
func TestHelmCombinations(t *testing.T) {
	root := t.TempDir()
	write(t, root, optionRepo)
	n, failed := 400, 0
	if testing.Short() {
		n = 60
	}
	for i := range n {
		src, vals, label := combination(t, i, root)
		want, werr := helmTemplate(src.Dir, withDefaults(src), vals)
		out, err := Render(context.Background(), src)
		switch {
		case (err != nil) != (werr != nil):
			t.Errorf("%d%s: error %v, Helm's is %v", i, label, err, werr)
		case err != nil:
			failed++
		case !bytes.Equal(out.Streams[0].Data, want):
			t.Errorf("%d%s: got\n%s\nwant\n%s", i, label, out.Streams[0].Data, want)
		}
	}
	t.Logf("of %d, %d failed as Helm did", n, failed)
	if failed > n/4 {
		t.Error("too few cases say something")
	}
}

// Of parameters with one name the last counts, as in Argo CD's map; a string
// comes after all others, as in Helm.
func TestHelmParameterOrder(t *testing.T) {
	root := t.TempDir()
	write(t, root, map[string]string{
		"Chart.yaml":       "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"templates/a.yaml": "kind: A\napiVersion: v1\ndata: {{ toJson .Values }}\n",
	})
	for _, c := range []struct {
		params []HelmParameter
		want   string
	}{
		{[]HelmParameter{{"a", "1", false}, {"a", "2", false}}, `{"a":2}`},
		{[]HelmParameter{{"a", "1", true}, {"a", "2", false}}, `{"a":"1"}`},
		{[]HelmParameter{{"a.b", "2", false}, {"a", "1", false}}, `{"a":1}`},
		{[]HelmParameter{{"l[1]", "b", false}, {"l[0]", "a", false}}, `{"l":["a","b"]}`},
		{[]HelmParameter{{"a", "1", false}, {"b", "2", false}, {"a", "null", false}}, `{"a":null,"b":2}`},
	} {
		out, err := Render(context.Background(), Source{Dir: root, Helm: HelmOptions{Parameters: c.params}})
		if err != nil || !strings.Contains(string(out.Streams[0].Data), "data: "+c.want+"\n") {
			t.Errorf("%v: %v %+v", c.params, err, out)
		}
	}
	for _, p := range [][]HelmParameter{{{"a[99999999]", "x", false}}, {{strings.Repeat("a.", 100) + "b", "x", false}}, {{"a", "1", false}, {"a.b", "2", false}}} {
		if out, err := Render(context.Background(), Source{Dir: root, Helm: HelmOptions{Parameters: p}}); err == nil {
			t.Errorf("%v: %s", p, out.Streams[0].Data)
		}
	}
}
