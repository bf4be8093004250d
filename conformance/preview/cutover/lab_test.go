package cutover

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"kesbridge/conformance/preview/cluster"
	"kesbridge/conformance/preview/cutover/kes"
	"kesbridge/conformance/preview/tool"
)

type m = cluster.M

// lab is a control plane with one ESO release, and all that is recorded there.
type lab struct {
	*cluster.Cluster
	t       *testing.T
	release release
	eso     *cluster.Process
	backend *kes.Backend
	record  *recorder
}

// store is the name of the ClusterSecretStore; values are the keys in it and in
// the stand-in's backend.
const (
	store  = "fake"
	values = 120
)

func key(i int) string   { return fmt.Sprintf("app/key-%03d", i%values) }
func value(i int) string { return fmt.Sprintf("value %03d", i%values) }

const user = "kesbridge"

func newLab(t *testing.T, r release, args ...string) *lab { return newLabWith(t, r, nil, args...) }

// newLabWith has further CRDs.
func newLabWith(t *testing.T, r release, more []string, args ...string) *lab {
	crds, err := tool.ModuleDir(t.Context(), "github.com/external-secrets/external-secrets", r.name)
	if err != nil {
		t.Fatal(err)
	}
	files := append([]string{filepath.Join(home, "testdata/kes-crd.yaml")}, more...)
	names := []string{"external-secrets.io_externalsecrets", "external-secrets.io_clustersecretstores", "external-secrets.io_secretstores"}
	if r.name != "v0.9.20" { // started even where it is switched off
		names = append(names, "generators.external-secrets.io_generatorstates")
	}
	for _, name := range names {
		files = append(files, filepath.Join(crds, "config/crds/bases", name+".yaml"))
	}
	l := &lab{t: t, release: r, backend: &kes.Backend{}}
	l.Cluster = cluster.Start(t, cluster.Options{
		Home: home, CRDs: files, GarbageCollector: true, Args: args, Tokens: []string{user + "-token," + user + "," + user},
	})
	l.startESO()
	var data []m
	for i := range values {
		l.backend.Set(key(i), value(i))
		data = append(data, m{"key": key(i), "value": value(i)})
	}
	if err := l.Apply(t.Context(), "/apis/external-secrets.io/"+r.version+"/clustersecretstores/"+store, m{
		"apiVersion": "external-secrets.io/" + r.version, "kind": "ClusterSecretStore", "metadata": m{"name": store},
		"spec": m{"provider": m{"fake": m{"data": data}}},
	}); err != nil {
		t.Fatal(err)
	}
	l.Until("the store", cluster.Ready, func() error {
		var o esoObject
		if err := l.Get(t.Context(), "/apis/external-secrets.io/"+r.version+"/clustersecretstores/"+store, &o); err != nil {
			return err
		}
		if o.ready() != "True" {
			return fmt.Errorf("conditions: %v", o.Status.Conditions)
		}
		return nil
	})
	l.record = newRecorder(t, l.Client)
	return l
}

// startESO starts the controllers without webhooks. What the tests have no
// objects of doesn't run: its CRDs are large. Requests aren't throttled, which
// v0.9.20 does after 20 in a second, so that 100 hand-overs take no minutes.
func (l *lab) startESO() {
	args := []string{"--metrics-addr", "127.0.0.1:0", "--enable-cluster-external-secret-reconciler=false", "--enable-push-secret-reconciler=false",
		"--client-qps=100", "--client-burst=200", "--loglevel=info"}
	if l.release.name != "v0.9.20" {
		args = append(args, "--enable-cluster-push-secret-reconciler=false")
	}
	if l.release.name == "v0.20.4" {
		args = append(args, "--live-addr", "127.0.0.1:0", "--enable-generator-state=false")
	}
	l.eso = l.Run("external-secrets", nil, cluster.Program(l.t, home, l.release.program), args...)
}

// esoObject is what the tests look at in an ESO object, a store or a KES one.
type esoObject struct {
	Metadata cluster.Meta `json:"metadata"`
	Status   struct {
		Conditions         []struct{ Type, Status, Reason, Message string }
		LastSync           string `json:"lastSync"`
		ObservedGeneration int64  `json:"observedGeneration"`
		Status             string
	} `json:"status"`
}

// ready is the status of the condition Ready; "" without one.
func (o *esoObject) ready() string {
	i := slices.IndexFunc(o.Status.Conditions, func(c struct{ Type, Status, Reason, Message string }) bool { return c.Type == "Ready" })
	if i < 0 {
		return ""
	}
	return o.Status.Conditions[i].Status
}
