package render

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader"
	"helm.sh/helm/v4/pkg/cli/values"
	"helm.sh/helm/v4/pkg/getter"
	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/util/version"
)

var discardLog = log.New(io.Discard, "", 0)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "helm" { // started through HelmCommand
		os.Exit(HelmMain(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
	}
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) // the libraries' warnings
	os.Exit(m.Run())
}

// helmTemplate is `helm template NAME . --include-crds` by Helm's own action
// package: pkg/cmd/template.go and runInstall of pkg/cmd/install.go (v4.2.4),
// with the flags that Argo CD gives.
func helmTemplate(dir string, src Source, vals *values.Options) ([]byte, error) {
	client := action.NewInstall(action.NewConfiguration())
	if src.KubeVersion != "" {
		gv, err := version.ParseGeneric(src.KubeVersion) // Argo CD's parseKubeVersion
		if err != nil {
			return nil, err
		}
		kv, err := common.ParseKubeVersion(gv.String())
		if err != nil {
			return nil, err
		}
		client.KubeVersion = kv
	}
	client.DryRunStrategy = action.DryRunClient
	client.ReleaseName = src.Helm.ReleaseName
	client.Replace = true
	client.APIVersions = src.APIVersions
	client.IncludeCRDs = !src.Helm.SkipCRDs
	client.SkipSchemaValidation = src.Helm.SkipSchemaValidation
	client.Namespace = src.Helm.Namespace
	v, err := vals.MergeValues(getter.Providers{})
	if err != nil {
		return nil, err
	}
	chrt, err := loader.Load(dir)
	if err != nil {
		return nil, err
	}
	ac, err := chart.NewAccessor(chrt)
	if err != nil {
		return nil, err
	}
	if t := ac.MetadataAsMap()["Type"]; t != "" && t != "application" {
		return nil, fmt.Errorf("%s charts are not installable", t)
	}
	if err := action.CheckDependencies(chrt, ac.MetaDependencies()); err != nil {
		return nil, err
	}
	r, err := client.Run(chrt, v)
	if err != nil {
		return nil, err
	}
	rel := r.(*release.Release)
	var b bytes.Buffer
	fmt.Fprintln(&b, strings.TrimSpace(rel.Manifest))
	for _, h := range rel.Hooks {
		if src.Helm.SkipTests && slices.Contains(h.Events, release.HookTest) {
			continue
		}
		fmt.Fprintf(&b, "---\n# Source: %s\n%s\n", h.Path, h.Manifest)
	}
	return b.Bytes(), nil
}

// source is the case's application with its settings, twice: ours and Helm's.
func (c *testCase) helmSource(t *testing.T) (Source, *values.Options) {
	src := Source{Dir: c.app(), Root: c.root, Kind: Helm, KubeVersion: c.set["kube"], APIVersions: strings.Fields(c.set["apis"])}
	src.Helm = HelmOptions{
		ReleaseName: c.set["name"], Namespace: c.set["namespace"],
		ValueFiles: strings.Fields(c.set["values"]), Values: c.set["inline"],
		SkipSchemaValidation: strings.Contains(c.set["skip"], "schema"),
	}
	vals := &values.Options{}
	for _, f := range src.Helm.ValueFiles {
		if strings.HasPrefix(f, "/") {
			vals.ValueFiles = append(vals.ValueFiles, filepath.Join(c.root, f))
		} else {
			vals.ValueFiles = append(vals.ValueFiles, filepath.Join(c.app(), f))
		}
	}
	if src.Helm.Values != "" {
		f := filepath.Join(t.TempDir(), "inline")
		write(t, filepath.Dir(f), map[string]string{"inline": src.Helm.Values})
		vals.ValueFiles = append(vals.ValueFiles, f)
	}
	return src, vals
}

func withDefaults(src Source) Source {
	if src.Helm.ReleaseName == "" {
		src.Helm.ReleaseName = filepath.Base(src.Dir)
	}
	if src.Helm.Namespace == "" {
		src.Helm.Namespace = "default"
	}
	return src
}

func TestHelmEqualsHelm(t *testing.T) {
	eachCase(t, "helm", func(t *testing.T, c *testCase) {
		src, vals := c.helmSource(t)
		for _, o := range []struct{ crds, tests bool }{{}, {true, true}} {
			src.Helm.SkipCRDs, src.Helm.SkipTests = o.crds, o.tests
			want, werr := helmTemplate(c.app(), withDefaults(src), vals)
			out, err := Render(context.Background(), src)
			if (werr != nil) != (err != nil) {
				t.Fatalf("error %v, Helm's is %v", err, werr)
			}
			if c.wantError(t, err) {
				return
			}
			if len(out.Streams) != 1 || out.Streams[0].Name != "app" || out.Kind != Helm {
				t.Fatalf("got %+v", out)
			}
			if got := out.Streams[0].Data; !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		}
	})
}
