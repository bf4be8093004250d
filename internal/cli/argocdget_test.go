package cli

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestAskApplication(t *testing.T) {
	const list = `[{"metadata":{"name":"web","namespace":"team"},"status":{"controllerNamespace":"argocd"}},
		{"metadata":{"name":"web","namespace":"argocd"},"status":{"controllerNamespace":"argocd"}},
		{"metadata":{"name":"once","namespace":"team"}},
		{"metadata":{"name":"twice","namespace":"a"}},{"metadata":{"name":"twice","namespace":"b"}}]`
	denied := &argocdError{args: []string{"app", "get"}, code: 20, message: "rpc error: code = PermissionDenied desc = permission denied: projects, get, default"}
	for _, c := range []struct{ name, want string }{
		{"web", `"namespace":"argocd"`}, {"team/web", `"namespace":"team"`}, {"once", `"name":"once"`},
		{"twice", ""}, {"b/twice", `"namespace":"b"`}, {"other/web", ""}, {"absent", ""},
	} {
		data, err := askApplication(c.name, func(args ...string) ([]byte, error) {
			if slices.Contains(args, "get") {
				return nil, denied
			}
			return []byte(list), nil
		})
		if c.want == "" && !errors.Is(err, denied) || c.want != "" && (err != nil || !strings.Contains(string(data), c.want)) {
			t.Errorf("%s: %s, %v", c.name, data, err)
		}
	}
	// Any other failure is told at once.
	other, calls := errors.New("no server"), 0
	if _, err := askApplication("web", func(...string) ([]byte, error) { calls++; return nil, other }); !errors.Is(err, other) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
}

func TestParseArgocd(t *testing.T) {
	for _, c := range []struct {
		args             string
		command          string
		names            string
		plugin           bool
		global, restArgs string
	}{
		{"app diff web", "", "", false, "", ""},
		{"app diff web --local x", "app diff", "web", true, "", "app diff web"},
		{"--server=s app -N a diff --local=x --refresh web", "app diff", "web", true, "--server=s -N a", "--server=s app -N a diff --refresh web"},
		{"app manifests --source git --local x -Na web", "app manifests", "web", true, "-Na", "app manifests --source git -Na web"},
		{"app diff web --local x --server-side-generate", "app diff", "web", false, "", "app diff web --server-side-generate"},
		{"app diff web --local x --server-side-generate=false", "app diff", "web", true, "", "app diff web --server-side-generate=false"},
		{"app sync --local x --local-repo-root r -H k:v --core -- a b", "app sync", "a b", true, "-H k:v --core", "app sync -H k:v --core -- a b"},
		{"app create web --local x", "app create", "web", false, "", "app create web"},
		{"app diff --local x --help", "app diff", "", false, "", "app diff --help"},
		{"app diff --new=1 web --local x", "app diff", "web", true, "", "app diff --new=1 web"},
	} {
		got, err := parseArgocd(strings.Fields(c.args))
		if err != nil {
			t.Fatalf("%s: %v", c.args, err)
		}
		if got.command != c.command || strings.Join(got.names, " ") != c.names || got.plugin() != c.plugin ||
			strings.Join(got.global, " ") != c.global || strings.Join(got.rest, " ") != c.restArgs {
			t.Errorf("%s: %+v", c.args, got)
		}
	}
	for _, args := range []string{"app diff --new web --local x", "app diff -x web --local x", "app diff web --local", "app diff web --local x --server-side-generate=maybe"} {
		if _, err := parseArgocd(strings.Fields(args)); err == nil {
			t.Errorf("%s: no error", args)
		}
	}
}
