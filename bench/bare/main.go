// Command bare is the peer of kesbridge render: the same libraries, called as
// their documentation says, and nothing else.
//
//	bare kustomize DIR
//	bare helm DIR
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: bare kustomize|helm DIR")
	}
	var out []byte
	var err error
	switch args[0] {
	case "kustomize":
		out, err = kustomize(args[1])
	case "helm":
		out, err = helm(args[1])
	default:
		err = errors.New("usage: bare kustomize|helm DIR")
	}
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(out)
	return err
}

func kustomize(dir string) ([]byte, error) {
	opt := krusty.MakeDefaultOptions()
	opt.Reorder = krusty.ReorderOptionUnspecified
	m, err := krusty.MakeKustomizer(opt).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	return m.AsYaml()
}

func helm(dir string) ([]byte, error) {
	chrt, err := loader.Load(dir)
	if err != nil {
		return nil, err
	}
	vals := map[string]any{}
	if err := chartutil.ProcessDependencies(chrt, vals); err != nil {
		return nil, err
	}
	rel := common.ReleaseOptions{Name: filepath.Base(dir), Namespace: "default", Revision: 1, IsInstall: true}
	values, err := util.ToRenderValues(chrt, vals, rel, common.DefaultCapabilities.Copy())
	if err != nil {
		return nil, err
	}
	files, err := engine.Engine{}.Render(chrt, values)
	if err != nil {
		return nil, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	_, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, m := range manifests {
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", m.Name, m.Content)
	}
	return b.Bytes(), nil
}
