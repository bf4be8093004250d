package render

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provenance"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// kustomizeBuild is `kustomize build DIR` by kustomize's own library.
func kustomizeBuild(dir string) ([]byte, error) {
	ownSchema()
	defer kustomizing.Unlock()
	defer func() {
		if openapi.GetSchemaVersion() != defaultSchema {
			resetSchema()
		}
	}()
	opt := krusty.MakeDefaultOptions()
	opt.Reorder = krusty.ReorderOptionUnspecified
	m, err := runKustomizer(krusty.MakeKustomizer(opt), filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return nil, err
	}
	return m.AsYaml()
}

var defaultSchema = openapi.GetSchemaVersion()

// ourVersion is what the library itself puts into a label.
var ourVersion = KustomizeOptions{Version: provenance.GetProvenance().Semver()}

func TestKustomizeEqualsKustomize(t *testing.T) {
	eachCase(t, "kustomize", func(t *testing.T, c *testCase) {
		want, werr := kustomizeBuild(c.app())
		out, err := Render(context.Background(), Source{Dir: c.app(), Root: c.root, Kustomize: ourVersion})
		if (werr != nil) != (err != nil) {
			t.Fatalf("error %v, kustomize's is %v", err, werr)
		}
		if c.wantError(t, err) {
			return
		}
		if len(out.Streams) != 1 || out.Streams[0].Name != "app" || out.Kind != Kustomize {
			t.Fatalf("got %+v", out)
		}
		s := out.Streams[0]
		if !bytes.Equal(s.Data, want) {
			t.Errorf("got\n%s\nwant\n%s", s.Data, want)
		}
		var b bytes.Buffer
		for _, o := range s.Origins {
			fmt.Fprintf(&b, "%s %s %s/%s %s\n", o.APIVersion, o.Kind, o.Namespace, o.Name, o.Path)
		}
		c.golden(t, "origins", b.Bytes())
		if n := bytes.Count(append([]byte("\n"), s.Data...), []byte("\nkind: ")); s.Origins != nil && n != len(s.Origins) {
			t.Errorf("%d documents, %d origins", n, len(s.Origins))
		}
	})
}
