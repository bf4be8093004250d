package argocd

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const hash = "0123456789012345678901234567890123456789"

func repository(t *testing.T, remotes ...string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	config := "[core]\n\tbare = false\n"
	for i, r := range remotes {
		config += "[remote \"r" + string(rune('a'+i)) + "\"]\n\turl = " + r + " ; the one\n\tfetch = +refs/heads/*:refs/x/*\n"
	}
	write(t, dir, ".git/config", config)
	write(t, dir, ".git/HEAD", "ref: refs/heads/main\n")
	write(t, dir, ".git/refs/heads/main", hash+"\n")
	write(t, dir, "apps/web/Chart.yaml", "name: web")
	write(t, dir, "apps/other/x.yaml", "a: b")
	return dir
}

func TestOpenCheckout(t *testing.T) {
	dir := repository(t, "git@git.example:team/apps.git", `"https://user:pass@mirror.example/apps"`)
	write(t, dir, "argocd/app.yaml", "x")
	want := &Checkout{Root: dir, URLs: []string{"git@git.example:team/apps.git", "https://user:pass@mirror.example/apps"}, Revision: hash}
	for _, p := range []string{"", "apps/web", "argocd/app.yaml"} {
		got, err := OpenCheckout(filepath.Join(dir, p))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v %v, want %+v", p, got, err, want)
		}
	}
	// A packed branch, and a linked worktree.
	if err := os.Remove(filepath.Join(dir, ".git/refs/heads/main")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, ".git/packed-refs", "# pack-refs with: peeled\n"+hash+" refs/heads/main\n^"+hash+"\n")
	tree := t.TempDir()
	write(t, dir, ".git/worktrees/w/HEAD", "ref: refs/heads/main\n")
	write(t, dir, ".git/worktrees/w/commondir", "../..\n")
	write(t, tree, ".git", "gitdir: "+filepath.Join(dir, ".git/worktrees/w")+"\n")
	for _, d := range []string{dir, tree} {
		got, err := OpenCheckout(d)
		if err != nil || got.Revision != hash || len(got.URLs) != 2 {
			t.Errorf("%s: %+v %v", d, got, err)
		}
	}
	// What .git holds is no way to other files.
	write(t, dir, ".git/HEAD", "ref: refs/../../../etc/passwd\n")
	if got, err := OpenCheckout(dir); err != nil || got.Revision != "" {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := OpenCheckout(t.TempDir()); err != nil || len(got.URLs) != 0 || got.Revision != "" {
		t.Errorf("no repository: %+v %v", got, err)
	}
}

func TestSameRepo(t *testing.T) {
	const want = "https://git.example/team/apps"
	for _, u := range []string{
		"https://git.example/team/apps.git", "https://GIT.example/Team/apps/", "https://u:p@git.example/team/apps", "git@git.example:team/apps.git",
		"ssh://git@git.example:2222/team/apps", "git.example:team/apps", " https://git.example/team/apps ", "git@git.example:/team/apps.git",
	} {
		if !sameRepo(u, want) {
			t.Errorf("%q isn't %q", u, want)
		}
	}
	for _, u := range []string{"https://git.example/team/apps2", "https://evil.example/team/apps", "https://git.example/apps", "", "%zz"} {
		if sameRepo(u, want) {
			t.Errorf("%q is %q", u, want)
		}
	}
}

func application(t *testing.T, spec string) *Application {
	t.Helper()
	apps, err := Parse("app.yaml", []byte("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec:\n"+spec), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &apps[0]
}

const home = "https://git.example/apps"

func TestRequests(t *testing.T) {
	c, err := OpenCheckout(repository(t, home))
	if err != nil {
		t.Fatal(err)
	}
	app := application(t, `  destination: {server: https://k8s.example, namespace: shop}
  sources:
    - {repoURL: git@git.example:apps.git, path: apps/web, helm: {valueFiles: ["$v/$ARGOCD_APP_NAME.yaml"]}}
    - {repoURL: `+home+`, ref: v}
    - {repoURL: https://elsewhere.example/x, ref: unused}
    - {repoURL: `+home+`, path: ./apps/other/, ref: both}
`)
	got, err := c.Requests(app, Options{KubeVersion: "1.1", Clusters: []Cluster{{Name: "x", Server: "https://k8s.example", KubeVersion: "1.33", APIVersions: []string{"a/v1"}}}})
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	r := got[0]
	if r.AppName != "web" || r.Namespace != "shop" || r.Project != "default" || r.Revision != hash || r.KubeVersion != "1.33" || r.APIVersions[0] != "a/v1" || r.Dir != "apps/web" || got[1].Dir != "apps/other" {
		t.Errorf("%+v", got)
	}
	src, err := r.RenderSource()
	if err != nil || !reflect.DeepEqual(src.Helm.ValueFiles, []string{"$v/web.yaml"}) ||
		!reflect.DeepEqual(src.Helm.Refs, map[string]string{"v": c.Root, "both": c.Root}) {
		t.Errorf("%+v %v", src.Helm, err)
	}
	// Another repository that is here.
	c.Others = map[string]string{"https://elsewhere.example/x.git": repository(t)}
	if got, err = c.Requests(app, Options{}); err != nil || got[0].Refs["$unused"] != c.Others["https://elsewhere.example/x.git"] {
		t.Errorf("%+v %v", got, err)
	}
	// Without remotes the first source's repository is the checkout.
	c = &Checkout{Root: c.Root}
	if got, err = c.Requests(app, Options{}); err != nil || len(got) != 2 || got[0].Refs["$unused"] != "" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRequestsRefuse(t *testing.T) {
	dir := repository(t, home, "https://u:secret@mirror.example/m")
	if err := os.Symlink("/etc", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	c, err := OpenCheckout(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, spec, want string
		as               any
	}{
		{"no source", "  project: x\n", "has no source", new(*PathError)},
		{"chart", "  source: {repoURL: https://charts.example, chart: redis, targetRevision: 1.2.3}\n", "chart redis 1.2.3 is in the Helm repository https://charts.example", new(*ChartError)},
		{"elsewhere", "  source: {repoURL: https://u:secret@other.example/x, path: apps/web}\n", "the source is in the repository https://other.example/x, which isn't here", new(*RepoError)},
		{"second elsewhere", "  sources: [{repoURL: " + home + ", path: apps/web}, {repoURL: https://other.example/x, path: a}]\n", "source 2 is in the repository https://other.example/x", new(*RepoError)},
		{"missing ref", "  sources: [{repoURL: " + home + ", path: apps/web, helm: {valueFiles: [$v/x]}}, {repoURL: https://other.example/x, ref: v}]\n", "ref $v is in the repository", new(*RepoError)},
		{"unknown ref", "  sources: [{repoURL: " + home + ", path: apps/web, helm: {valueFiles: [$v/x]}}, {repoURL: " + home + ", ref: w}]\n", `source referenced "$v", which is not one of the available sources ($w)`, new(*RefError)},
		{"variable in sources", "  sources: [{repoURL: " + home + ", path: apps/web, helm: {valueFiles: [$ARGOCD_APP_NAME/x]}}]\n", `no source has a 'ref' field`, new(*RefError)},
		{"ref to a chart", "  sources: [{repoURL: " + home + ", path: apps/web, helm: {valueFiles: [$v/x]}}, {repoURL: https://c.example, chart: c, ref: v}]\n", "chart c", new(*ChartError)},
		{"two refs", "  sources: [{repoURL: " + home + ", ref: v}, {repoURL: " + home + ", ref: v}]\n", "same `ref` key", new(*PathError)},
		{"odd ref", "  sources: [{repoURL: " + home + ", ref: a/b}]\n", "special characters", new(*PathError)},
		{"absolute", "  source: {repoURL: " + home + ", path: /etc}\n", "app path is absolute", new(*PathError)},
		{"above", "  source: {repoURL: " + home + ", path: apps/../../x}\n", "app path outside root", new(*PathError)},
		{"a link out", "  source: {repoURL: " + home + ", path: out}\n", "out: ", new(*PathError)},
		{"nowhere", "  source: {repoURL: " + home + ", path: nowhere}\n", "app path does not exist", new(*PathError)},
		{"a file", "  source: {repoURL: " + home + ", path: apps/web/Chart.yaml}\n", "app path is not a directory", new(*PathError)},
		{"no path", "  source: {repoURL: " + home + "}\n", "are required", new(*PathError)},
		{"plugin", "  source: {repoURL: " + home + ", path: apps/web, plugin: {}}\n", "config management plugin", new(*PluginError)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			app := application(t, tc.spec)
			requests, err := c.Requests(app, Options{})
			for i := range requests {
				if _, rerr := requests[i].RenderSource(); rerr != nil {
					err = c.Fail(app, rerr)
				}
			}
			if err == nil || !errors.As(err, tc.as) || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("got %v, want %s", err, tc.want)
			}
			if !strings.HasPrefix(err.Error(), "app.yaml:1:1: Application/argocd/web: ") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestNames(t *testing.T) {
	a := Application{Metadata: Metadata{Name: "web", Namespace: "team-a"}}
	if got := a.InstanceName(""); got != "team-a_web" {
		t.Error(got)
	}
	if got := a.InstanceName("team-a"); got != "web" {
		t.Error(got)
	}
	a.Metadata.Namespace = "argocd"
	if got := a.InstanceName(""); got != "web" {
		t.Error(got)
	}
	a.Spec.SourceHydrator = &SourceHydrator{DrySource: DrySource{RepoURL: home, Path: "dry", Helm: &ApplicationSourceHelm{}}, SyncSource: SyncSource{Path: "wet"}}
	a.Spec.Sources = []ApplicationSource{{Path: "x"}}
	if s := a.Sources(); len(s) != 1 || s[0].Path != "dry" || s[0].Helm == nil || a.MultiSource() {
		t.Errorf("%+v", s)
	}
}
