package sidecar

import (
	"strings"
	"testing"
	"time"

	"kesbridge/internal/limit"
)

func getenv(env ...string) func(string) string {
	return func(name string) string {
		for _, e := range env {
			if k, v, _ := strings.Cut(e, "="); k == name {
				return v
			}
		}
		return ""
	}
}

// TestBegin: only a call by plugin.yaml waits before main, and what is wrong
// with it is said there.
func TestBegin(t *testing.T) {
	dir := "KESBRIDGE_WORK_DIR=" + t.TempDir() + "/work"
	argv := []string{"kesbridge", "plugin", "generate"}
	for name, c := range map[string]struct {
		args []string
		env  []string
	}{
		"no arguments":    {nil, []string{dir, "ARGOCD_APP_NAME=web"}},
		"another command": {[]string{"kesbridge", "plugin", "parameters"}, []string{dir, "ARGOCD_APP_NAME=web"}},
		"a flag":          {append(argv[:3:3], "--mode=keep"), []string{dir, "ARGOCD_APP_NAME=web"}},
		"no app":          {argv, []string{dir}},
		"a wrong setting": {argv, []string{dir, "ARGOCD_APP_NAME=web", "KESBRIDGE_PARALLEL=many"}},
	} {
		if got := begin(c.args, getenv(c.env...)); got != nil {
			t.Errorf("%s: it waited", name)
			got.Close()
		}
	}

	c := begin(argv, getenv(dir, "ARGOCD_APP_NAME=web", "KESBRIDGE_PARALLEL=1"))
	if c == nil || c.Err != nil || c.Limiter == nil || c.Slot == nil {
		t.Fatalf("got %+v", c)
	}
	s, err := Read(getenv(dir, "KESBRIDGE_PARALLEL=1"))
	if err != nil {
		t.Fatal(err)
	}
	if other := Wait(t.Context(), s, time.Now(), time.Now().Add(20*time.Millisecond)); other.Err == nil {
		t.Error("the slot was free")
	}
	c.Close()
	c.Close()
	other := Wait(t.Context(), s, time.Now(), time.Now().Add(time.Minute))
	if other.Err != nil {
		t.Errorf("the slot wasn't given back: %v", other.Err)
	}
	other.Close()

	if c := begin(argv, getenv("KESBRIDGE_WORK_DIR=/dev/null/x", "ARGOCD_APP_NAME=web")); c == nil || c.Err == nil || c.Limiter != nil {
		t.Errorf("a directory that can't be: %+v", c)
	}
}

func TestRefusal(t *testing.T) {
	e := &limit.BusyError{Reason: limit.QueueFull, Ahead: 3, Running: 1, Plan: limit.Plan{Slots: 1, MaxWaiting: 3, By: limit.ByCPU}, Knobs: limit.Knobs{Memory: "the memory", CPU: "the CPU"}}
	got := Refusal(e, getenv("ARGOCD_APP_NAME=team_web", "ARGOCD_APP_NAMESPACE=shop", "ARGOCD_APP_PROJECT_NAME=p", "ARGOCD_APP_SOURCE_PATH=./apps/my web", "ARGOCD_APP_REVISION=abc", "KUBE_VERSION=v1.33"))
	want := e.Error() + "\n  " + e.Fix() + `
app team/web, project p, path ./apps/my web, revision abc
reproduce: kesbridge render 'apps/my web' --app-name team_web --app-namespace shop --kube-version v1.33
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := Refusal(e, getenv("ARGOCD_APP_NAME=web")); !strings.HasSuffix(got, "\napp web, project ?, path ., revision ?\nreproduce: kesbridge render . --app-name web\n") {
		t.Errorf("got\n%s", got)
	}
}
