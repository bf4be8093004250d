package preview

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"kesbridge/conformance/preview/tool"
)

// programs are the paths of what the tests run.
var programs struct {
	redis, argocd, apiserver, etcd, kesbridge string
	// crds are files with CustomResourceDefinitions.
	crds []string
}

func TestMain(m *testing.M) {
	os.Exit(prepare(m))
}

func prepare(m *testing.M) int {
	if runtime.GOOS != "linux" {
		fmt.Fprintln(os.Stderr, "skipped: Argo CD's API server, controller and repo-server run on Linux")
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "preview-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = build(ctx, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func build(ctx context.Context, dir string) error {
	var err error
	if _, err = exec.LookPath("git"); err != nil {
		return err
	}
	if programs.redis, err = tool.Redis(ctx); err != nil {
		return err
	}
	cache, err := tool.Dir()
	if err != nil {
		return err
	}
	for _, b := range []struct {
		program tool.Program
		path    *string
	}{{tool.Argocd, &programs.argocd}, {tool.APIServer, &programs.apiserver}, {tool.Etcd, &programs.etcd}} {
		if *b.path, _, err = b.program.Build(ctx, ".", cache); err != nil {
			return err
		}
	}
	programs.kesbridge = filepath.Join(dir, "kesbridge")
	if err := tool.GoBuild(ctx, "../..", programs.kesbridge, "./cmd/kesbridge", ""); err != nil {
		return err
	}
	// As argocd looks for plugins of its own command line.
	if err := os.Symlink(programs.kesbridge, filepath.Join(dir, "argocd-kesbridge")); err != nil {
		return err
	}
	argocd, err := tool.ModuleDir(ctx, "github.com/argoproj/argo-cd/v3", "v3.1.16")
	if err != nil {
		return err
	}
	eso, err := tool.ModuleDir(ctx, "github.com/external-secrets/external-secrets", "v0.20.4")
	if err != nil {
		return err
	}
	programs.crds = []string{"testdata/kes-crd.yaml"}
	for _, name := range []string{"application", "applicationset", "appproject"} {
		programs.crds = append(programs.crds, filepath.Join(argocd, "manifests/crds", name+"-crd.yaml"))
	}
	for _, name := range []string{"externalsecrets", "clustersecretstores", "secretstores"} {
		programs.crds = append(programs.crds, filepath.Join(eso, "config/crds/bases/external-secrets.io_"+name+".yaml"))
	}
	return nil
}
