//go:build linux

package cmp

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// failure is an app that isn't rendered, and what a person reads in Argo CD.
type failure struct {
	name, path, parameters string
	// first is how kesbridge's text begins, after what Argo CD puts in front;
	// last is its last line.
	first, last string
	holds       []string
}

var failures = []failure{
	{name: "no mode", path: "apps/dir", first: "apps/dir/secrets.yaml:2:1: error: ExternalSecret/shop/db: nothing chooses a mode (KES501)\n  choose keep (",
		holds: []string{"app team/web, project ", ", path apps/dir, revision " + revision}, last: "reproduce: kesbridge render apps/dir --app-name team_web --app-namespace shop --kube-version "},
	{name: "empty app", path: "apps/empty", parameters: "[{name: mode, string: keep}]", first: "render apps/empty: the directory has no documents", last: "reproduce: kesbridge render apps/empty --mode keep "},
	{name: "unsupported", path: "apps/broken", parameters: "[{name: mode, string: replace}]", first: "apps/broken/secret.yaml:4:1: error: ExternalSecret/shop/db: spec has none of data", last: "reproduce: kesbridge render apps/broken --mode replace "},
	{name: "unknown parameter", path: "apps/dir", parameters: "[{name: mdoe, string: keep}]", first: `parameter "mdoe": kesbridge doesn't know it: did you mean "mode"?`, last: "reproduce: "},
	{name: "another type", path: "apps/dir", parameters: "[{name: mode, array: [keep]}]", first: "parameter mode: wants string, not array", last: "reproduce: "},
	{name: "broken source", path: "apps/chart", parameters: `[{name: mode, string: keep}, {name: source, string: "helm: {valuesFiles: [a]}"}]`, first: "parameter source: ", holds: []string{"valuesFiles"}, last: "reproduce: "},
	{name: "no value file", path: "apps/chart", parameters: `[{name: mode, string: keep}, {name: helm-value-files, array: [none.yaml]}]`, first: "render apps/chart: ", holds: []string{"none.yaml"}, last: "reproduce: kesbridge render --application "},
	{name: "no secret in the text", path: "apps/chart", parameters: `[{name: mode, string: keep}, {name: helm-values, string: "extra: [s3cr3t"}]`, first: "render apps/chart: ", last: "reproduce: kesbridge render --application "},
}

// TestFailures: an error reaches the caller with the text that a person needs.
func TestFailures(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			sc.use(t)
			for _, f := range failures {
				t.Run(f.name, func(t *testing.T) {
					root := checkout(t, "shop")
					app := application(t, f.path, plugin(f.parameters, ""))
					manifests, err := argocd(t.Context(), root, app)
					if err == nil {
						t.Fatalf("it rendered:\n%s", manifests)
					}
					_, direct := sc.send(t.Context(), root, app, root)
					for _, err := range []error{err, direct} {
						f.check(t, sc, err)
					}
				})
			}
			if n := len(sc.generated()); n != 0 {
				t.Errorf("%d calls were logged as successful", n)
			}
		})
	}
}

func (f failure) check(t *testing.T, sc *sidecar, err error) {
	t.Helper()
	_, text, ok := strings.Cut(err.Error(), "error generating manifests: `kesbridge plugin generate` failed exit status ")
	if !ok {
		t.Fatalf("no error of the plugin: %v", err)
	}
	code, text, _ := strings.Cut(text, ": ")
	if code != "1" && code != "2" {
		t.Errorf("exit status %s", code)
	}
	if !strings.HasPrefix(text, f.first) {
		t.Errorf("it begins with\n%s\nwant\n%s", text, f.first)
	}
	lines := strings.Split(text, "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, f.last) {
		t.Errorf("the last line is\n%s\nwant\n%s", last, f.last)
	}
	for _, s := range f.holds {
		if !strings.Contains(text, s) {
			t.Errorf("%s isn't in\n%s", s, text)
		}
	}
	for _, s := range []string{"_cmp_server", sc.root, "s3cr3t"} {
		if strings.Contains(text, s) {
			t.Errorf("%s is in\n%s", s, text)
		}
	}
	if len(text) > 4<<10 {
		t.Errorf("%d bytes", len(text))
	}
}

// TestNarrowed: where only a part of the repository was sent, a kesbridge.yaml
// above it is out of sight, so an app is rendered only if the administrator
// gave the configuration.
func TestNarrowed(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			root := checkout(t, "shop")
			app := application(t, "apps/dir", plugin("[{name: mode, string: replace}]", ""))
			sent := filepath.Join(root, "apps")
			_, err := start(t, s, nil).send(t.Context(), sent, app, root)
			if err == nil || !strings.Contains(err.Error(), "find the repository's root: ") || !strings.Contains(err.Error(), "--plugin-use-manifest-generate-paths") {
				t.Errorf("without KESBRIDGE_CONFIG: %v", err)
			}

			// The file lies in the sidecar's tree before a call comes.
			sc := start(t, s, []string{"KESBRIDGE_CONFIG=ROOT/tmp/admin.yaml"})
			write(t, filepath.Join(sc.root, "tmp/admin.yaml"), "stores: [{store: {name: of-the-administrator}}]\n")
			manifests, err := sc.send(t.Context(), sent, app, root)
			if err != nil {
				t.Fatal(err)
			}
			if text := strings.Join(manifests, ""); strings.Count(text, `"name":"of-the-administrator"`) != 2 || strings.Contains(text, "aws-from-file") {
				t.Errorf("rendered\n%s", text)
			}
		})
	}
}

// TestKilled: a caller that goes away kills the process, and what that left is
// removed by the next call.
func TestKilled(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			root := checkout(t, "shop")
			scratch := filepath.Join(sc.work(), "scratch")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			failed := make(chan error, 1)
			go func() {
				_, err := sc.send(ctx, root, application(t, "apps/slow", plugin("[{name: mode, string: keep}]", "")), root)
				failed <- err
			}()
			until(t, "a run with a scratch directory", func() bool { return len(sc.processes()) == 1 && len(list(t, scratch)) > 0 })
			time.Sleep(200 * time.Millisecond) // amid its work
			cancel()
			if err := <-failed; status.Code(err) != codes.Canceled {
				t.Errorf("the caller was told %v", err)
			}
			// The server sends SIGKILL at once.
			until(t, "the process's end", func() bool { return len(sc.processes()) == 0 })
			left := list(t, scratch)
			if len(left) == 0 {
				t.Error("the killed run left nothing: it wasn't killed amid its work")
			}
			if _, err := sc.send(t.Context(), root, application(t, "apps/dir", plugin("[{name: mode, string: keep}]", "")), root); err != nil {
				t.Fatal(err)
			}
			if now := list(t, scratch); len(now) != 0 {
				t.Errorf("%q left after the next run; the killed one left %q", now, left)
			}
			until(t, "the server's working directories to go", func() bool {
				dirs, _ := filepath.Glob(filepath.Join(sc.root, "tmp", "_cmp_server", "*"))
				return len(dirs) == 0
			})
		})
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// until waits for a condition.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestAnnouncements: what the UI gets is an array that Argo CD's type takes,
// each element with a name, the app's own values among them.
func TestAnnouncements(t *testing.T) {
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			sc := start(t, s, nil)
			root := checkout(t, "shop")
			for _, c := range []struct{ path, has, map_, value, not string }{
				{"apps/chart", "helm-parameters", "image.tag", "v0", "images"},
				{"apps/kust", "images", "", "web:v1", "helm-parameters"},
				{"apps/dir", "directory-recurse", "", "", "images"},
				{"apps/empty", "mode", "", "", "helm-parameters"},
			} {
				resp, err := sc.announcements(t.Context(), application(t, c.path, plugin("", "")), root)
				if err != nil {
					t.Errorf("%s: %v", c.path, err)
					continue
				}
				seen, found := map[string]bool{}, false
				for _, a := range resp.ParameterAnnouncements {
					if a.Name == "" || a.Title == "" || a.Tooltip == "" || seen[a.Name] {
						t.Errorf("%s: announced %v", c.path, a)
					}
					seen[a.Name] = true
					switch a.CollectionType {
					case "", "string":
						found = found || a.Name == c.has && c.value == ""
					case "array":
						found = found || a.Name == c.has && strings.Join(a.Array, " ") == c.value
					case "map":
						found = found || a.Name == c.has && a.Map[c.map_] == c.value
					default:
						t.Errorf("%s: %s has collectionType %q", c.path, a.Name, a.CollectionType)
					}
				}
				if !seen["mode"] || !found || seen[c.not] {
					t.Errorf("%s: announced %v", c.path, resp.ParameterAnnouncements)
				}
			}
		})
	}
}
