package cutover

import (
	"context"
	"errors"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
)

func freeze(t *testing.T, in, instanceID string, protect bool) (string, error) {
	t.Helper()
	var failed error
	tr := manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		set, err := Freeze(o, instanceID, protect)
		if err != nil {
			failed = err
			return manifest.Result{}, nil
		}
		return manifest.Result{Action: manifest.Edit, Set: set}, nil
	}}
	p, err := tr.Plan(context.Background(), manifest.Input{Name: "in", R: strings.NewReader(in)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var out strings.Builder
	if _, err := p.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.String(), failed
}

const before = "# a\napiVersion: kubernetes-client.io/v1\nkind: ExternalSecret\nmetadata: # b\n  name: db\n"

func TestFreeze(t *testing.T) {
	for _, tt := range []struct {
		name, rest, want, instance string
		protect                    bool
	}{
		{name: "plain", rest: "spec:\n  # c\n  backendType: vault\n", want: "spec:\n  controllerId: kesbridge-frozen\n  # c\n  backendType: vault\n"},
		{name: "of another controller", rest: "spec:\n  backendType: vault\n  controllerId: \"team-a\" # c\n", want: "spec:\n  backendType: vault\n  controllerId: kesbridge-frozen # c\n"},
		{name: "INSTANCE_ID is ours", instance: "kesbridge-frozen", rest: "spec: {backendType: vault}\n", want: "spec: {\"controllerId\": \"kesbridge-frozen-2\", backendType: vault}\n"},
		{name: "the original is ours", rest: "spec:\n  controllerId: kesbridge-frozen\n", want: "spec:\n  controllerId: kesbridge-frozen-2\n"},
		{name: "protect", protect: true, rest: "  annotations:\n    argocd.argoproj.io/sync-options: Prune=confirm, Replace=true\n    x: y\nspec:\n  backendType: vault\n",
			want: "  annotations:\n    argocd.argoproj.io/compare-options: IgnoreExtraneous\n    argocd.argoproj.io/sync-options: \"Replace=true,Prune=false\"\n    x: y\nspec:\n  controllerId: kesbridge-frozen\n  backendType: vault\n"},
		{name: "protected already", protect: true, rest: "  annotations:\n    argocd.argoproj.io/compare-options: IgnoreExtraneous\n    argocd.argoproj.io/sync-options: 'Prune=false , Replace=true'\nspec:\n  backendType: vault\n",
			want: "  annotations:\n    argocd.argoproj.io/compare-options: IgnoreExtraneous\n    argocd.argoproj.io/sync-options: 'Prune=false , Replace=true'\nspec:\n  controllerId: kesbridge-frozen\n  backendType: vault\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := freeze(t, before+tt.rest, tt.instance, tt.protect)
			want := before + tt.want
			if err != nil || got != want {
				t.Errorf("got\n%s\n%v\nwant\n%s", got, err, want)
			}
		})
	}
	if _, err := freeze(t, before+"secretDescriptor:\n  backendType: vault\n", "", false); !errors.As(err, new(*DescriptorError)) {
		t.Errorf("secretDescriptor: %v", err)
	}
}

func TestGuard(t *testing.T) {
	m := manifest.Map{{Key: SyncOptions, Value: "Prune=true,SkipDryRunOnMissingResource=true"}, {Key: "a", Value: "b"}}
	Guard(&m, config.GuardDelete)
	if got := m.Get(SyncOptions); got != "SkipDryRunOnMissingResource=true,Prune=false,Delete=false" {
		t.Errorf("sync-options %q", got)
	}
	if got := m.Get(CompareOptions); got != "IgnoreExtraneous" {
		t.Errorf("compare-options %q", got)
	}
	var none manifest.Map
	Guard(&none, config.GuardPrune)
	if got := none.Get(SyncOptions); got != "Prune=false" {
		t.Errorf("sync-options %q", got)
	}
}

func TestSecret(t *testing.T) {
	in := &kes.ExternalSecret{Ref: manifest.Ref{Name: "db", Namespace: "shop"}}
	long := &kes.ExternalSecret{Ref: manifest.Ref{Name: strings.Repeat("a", 250)}}
	for _, tt := range []struct {
		mode, pattern string
		in            *kes.ExternalSecret
		want          string
		ok            bool
	}{
		{config.Replace, "{name}-eso", in, "db", true},
		{config.SideBySide, "{name}-eso", in, "db-eso", true},
		{config.SideBySide, "{namespace}.{name}", in, "shop.db", true},
		{config.SideBySide, "{name}-eso", long, long.Ref.Name + "-eso", false},
	} {
		if got, ok := Secret(tt.mode, tt.pattern, tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("%s %s: %s, %v", tt.mode, tt.pattern, got, ok)
		}
	}
}
