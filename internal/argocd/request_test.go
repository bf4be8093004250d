package argocd

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"kesbridge/render"
)

func request(t *testing.T, source string) Request {
	t.Helper()
	r := Request{AppName: "team-a_web", Namespace: "shop", Project: "p", Revision: "0123456789abcdef", Root: t.TempDir(), Dir: "app",
		KubeVersion: "v1.33.4-gke.1", APIVersions: []string{"v1", "apps/v1"}}
	write(t, r.Root, "app/x.yaml", "a: b")
	if err := json.Unmarshal([]byte(source), &r.Source); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRenderSourceHelm(t *testing.T) {
	r := request(t, `{"repoURL":"https://git.example/x","path":"app","targetRevision":"main","helm":{
		"valueFiles":["values-$ARGOCD_APP_NAME.yaml","$$x","/c/$KUBE_VERSION.yaml"],"values":"v: $ARGOCD_APP_NAME","valuesObject":{"o":"$ARGOCD_APP_NAME"},
		"parameters":[{"name":"a","value":"$ARGOCD_APP_REVISION_SHORT"},{"name":"a","value":"${ARGOCD_APP_REVISION_SHORT_8}"},{"name":"a","value":"$$","forceString":true}],
		"fileParameters":[{"name":"$ARGOCD_APP_NAME","path":"$ARGOCD_APP_SOURCE_PATH/f"}],
		"skipCrds":true,"skipTests":true,"skipSchemaValidation":true,"passCredentials":true,"ignoreMissingValueFiles":true,"version":"v3"}}`)
	got, err := r.RenderSource()
	if err != nil {
		t.Fatal(err)
	}
	want := render.Source{Root: r.Root, Dir: filepath.Join(r.Root, "app"), Kind: render.Helm, KubeVersion: "1.33.4", APIVersions: []string{"v1", "apps/v1"},
		Helm: render.HelmOptions{ReleaseName: "web", Namespace: "shop",
			ValueFiles: []string{"values-team-a_web.yaml", "$x", "/c/.yaml"}, Values: "o: $ARGOCD_APP_NAME\n",
			Parameters:     []render.HelmParameter{{Name: "a", Value: "01234567"}, {Name: "a", Value: "$", ForceString: true}},
			FileParameters: []render.HelmFileParameter{{Name: "$ARGOCD_APP_NAME", Path: "app/f"}},
			SkipCRDs:       true, SkipTests: true, SkipSchemaValidation: true, PassCredentials: true, IgnoreMissingValueFiles: true}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	r = request(t, `{"repoURL":"r","path":"app","helm":{"releaseName":"rel","namespace":"ns","kubeVersion":"1.30","apiVersions":["x/v1"]}}`)
	if got, err = r.RenderSource(); err != nil {
		t.Fatal(err)
	}
	if got.Helm.ReleaseName != "rel" || got.Helm.Namespace != "ns" || got.KubeVersion != "1.30" || !reflect.DeepEqual(got.APIVersions, []string{"x/v1"}) {
		t.Errorf("overrides: %+v", got)
	}
	// Without any block the directory decides; the release has its name.
	r = request(t, `{"repoURL":"r","path":"app"}`)
	if got, err = r.RenderSource(); err != nil || got.Kind != render.Auto || got.Helm.ReleaseName != "web" || got.Helm.Namespace != "shop" {
		t.Errorf("auto: %+v %v", got, err)
	}
}

func TestRenderSourceKustomize(t *testing.T) {
	r := request(t, `{"repoURL":"r","path":"app","kustomize":{"namePrefix":"$ARGOCD_APP_NAME","nameSuffix":"-s","namespace":"n","images":["a=b:$ARGOCD_APP_REVISION"],
		"replicas":[{"name":"x","count":2},{"name":"y","count":"3"}],"commonLabels":{"l":"$ARGOCD_APP_PROJECT_NAME"},"commonAnnotations":{"a":"$ARGOCD_APP_NAME"},
		"forceCommonLabels":true,"labelIncludeTemplates":true,"components":["../c"],"ignoreMissingComponents":true,
		"patches":[{"path":"p","target":{"kind":"K","labelSelector":"a=b"},"options":{"allowNameChange":true}}],"kubeVersion":"1.29"}}`)
	got, err := r.RenderSource()
	if err != nil {
		t.Fatal(err)
	}
	want := render.KustomizeOptions{NamePrefix: "$ARGOCD_APP_NAME", NameSuffix: "-s", Namespace: "n", Images: []string{"a=b:0123456789abcdef"},
		Replicas:     []render.KustomizeReplica{{Name: "x", Count: 2}, {Name: "y", Count: 3}},
		CommonLabels: map[string]string{"l": "p"}, CommonAnnotations: map[string]string{"a": "$ARGOCD_APP_NAME"},
		ForceCommonLabels: true, LabelIncludeTemplates: true, Components: []string{"../c"}, IgnoreMissingComponents: true,
		Patches: []render.KustomizePatch{{Path: "p", Target: &render.KustomizeSelector{Kind: "K", LabelSelector: "a=b"}, Options: map[string]bool{"allowNameChange": true}}}}
	if got.Kind != render.Kustomize || got.KubeVersion != "1.29" || !reflect.DeepEqual(got.Kustomize, want) {
		t.Errorf("got  %+v\nwant %+v", got.Kustomize, want)
	}
	r.Source.Kustomize.CommonAnnotationsEnvsubst = true
	if got, err = r.RenderSource(); err != nil || got.Kustomize.CommonAnnotations["a"] != "team-a_web" {
		t.Errorf("annotations: %+v %v", got.Kustomize, err)
	}
	r.Source.Kustomize.Replicas[1].Count.Str = "many"
	if _, err = r.RenderSource(); err == nil {
		t.Error("a count of many")
	}
}

func TestRenderSourceDirectory(t *testing.T) {
	r := request(t, `{"repoURL":"r","path":"app","directory":{"recurse":true,"include":"$ARGOCD_APP_NAME","exclude":"e","jsonnet":{
		"tlas":[{"name":"t","value":"'$ARGOCD_APP_NAME'","code":true}],"extVars":[{"name":"$e","value":"$ARGOCD_APP_NAMESPACE"}],"libs":["$lib"]}}}`)
	got, err := r.RenderSource()
	want := render.DirectoryOptions{Recurse: true, Include: "$ARGOCD_APP_NAME", Exclude: "e", Jsonnet: render.JsonnetOptions{
		TLAs: []render.JsonnetVar{{Name: "t", Value: "'team-a_web'", Code: true}}, ExtVars: []render.JsonnetVar{{Name: "$e", Value: "shop"}}, Libs: []string{"$lib"}}}
	if err != nil || got.Kind != render.Directory || !reflect.DeepEqual(got.Directory, want) {
		t.Errorf("got  %+v %v\nwant %+v", got.Directory, err, want)
	}
}

func TestRenderSourceRefuses(t *testing.T) {
	r := request(t, `{"repoURL":"r","path":"app","plugin":{"name":"x"}}`)
	var plugin *PluginError
	if _, err := r.RenderSource(); !errors.As(err, &plugin) || plugin.Name != "x" {
		t.Error(err)
	}
	r = request(t, `{"repoURL":"r","path":"app","helm":{}}`)
	write(t, r.Root, "app/.argocd-source-team-a_web.yaml", "directory: {}")
	var many *MultipleTypesError
	if _, err := r.RenderSource(); !errors.As(err, &many) {
		t.Error(err)
	}
	r = request(t, `{"repoURL":"r","path":"app"}`)
	r.AppName = "../x"
	if _, err := r.RenderSource(); err == nil {
		t.Error("an application named ../x")
	}
	r = request(t, `{"repoURL":"r","path":"app"}`)
	r.KubeVersion = "new"
	if _, err := r.RenderSource(); err == nil {
		t.Error("a version called new")
	}
	// A parameter file that leads out of the repository.
	r = request(t, `{"repoURL":"r","path":"app"}`)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, filepath.Dir(secret), "secret", "helm: {releaseName: leaked}")
	if err := os.Symlink(secret, filepath.Join(r.Root, "app", ".argocd-source.yaml")); err != nil {
		t.Fatal(err)
	}
	if got, err := r.RenderSource(); err == nil {
		t.Errorf("followed a link out: %+v", got.Helm)
	}
}

func TestEnviron(t *testing.T) {
	s, empty := "multi\nline", ""
	p := PluginParameters{{Name: "values-files", OptionalArray: &OptionalArray{Array: []string{"a", "b"}}},
		{Name: "helm-parameters", OptionalMap: &OptionalMap{Map: map[string]string{"image.tag": "v1", "a": "b"}}},
		{Name: "s", String: &s}, {Name: "e", String: &empty}, {Name: "empty-arr", OptionalArray: &OptionalArray{}}}
	got, err := p.Environ()
	want := []string{
		`ARGOCD_APP_PARAMETERS=[{"array":["a","b"],"name":"values-files"},{"map":{"a":"b","image.tag":"v1"},"name":"helm-parameters"},{"name":"s","string":"multi\nline"},{"name":"e","string":""},{"array":[],"name":"empty-arr"}]`,
		"PARAM_VALUES_FILES_0=a", "PARAM_VALUES_FILES_1=b", "PARAM_HELM_PARAMETERS_A=b", "PARAM_HELM_PARAMETERS_IMAGE_TAG=v1", "PARAM_S=multi\nline", "PARAM_E=",
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q %v\nwant %q", got, err, want)
	}
	if got, _ = PluginParameters(nil).Environ(); got[0] != "ARGOCD_APP_PARAMETERS=null" {
		t.Error(got)
	}
}

// What RenderSource looks for is what it says it looks for.
func TestSourceFiles(t *testing.T) {
	r := Request{AppName: "shop_web", Dir: "apps/web"}
	if got, want := r.SourceFiles(), []string{"apps/web/.argocd-source.yaml", "apps/web/.argocd-source-shop_web.yaml"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.AppName = ""
	if got, want := r.SourceFiles(), []string{"apps/web/.argocd-source.yaml"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Merged = true
	if got := r.SourceFiles(); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}
