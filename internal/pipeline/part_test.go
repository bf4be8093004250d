package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/store"
)

// part is a run over one KES object.
func part(t *testing.T, name, region string, opts pipeline.Options) *pipeline.Run {
	t.Helper()
	run := pipeline.New()
	out := run.Output(opts)
	plan, err := out.Plan(context.Background(), pipeline.Stream{Input: manifest.Input{Name: name + ".yaml", R: strings.NewReader(fmt.Sprintf(`apiVersion: kubernetes-client.io/v1
kind: ExternalSecret
metadata: {name: %s}
spec: {backendType: secretsManager, region: %s, data: [{key: db, name: password}]}
`, name, region))}})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	if err := out.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return run
}

// What only all parts together show is said once, of the first that needs it,
// at the places in the sources.
func TestAbsorb(t *testing.T) {
	place := func(p manifest.Pos, _ manifest.Ref) manifest.Pos {
		p.File = "src/" + p.File
		return p
	}
	for _, c := range []struct {
		name    string
		store   string
		regions [2]string
		want    []string
	}{
		{"one store for two regions", "aws", [2]string{"eu-west-1", "us-east-1"}, []string{"KES203 src/b.yaml"}},
		{"one store for one region", "aws", [2]string{"eu-west-1", "eu-west-1"}, nil},
		{"a store to create", "", [2]string{"eu-west-1", "eu-west-1"}, []string{"KES201 src/a.yaml"}},
		{"two stores to create", "", [2]string{"eu-west-1", "us-east-1"}, []string{"KES201 src/a.yaml", "KES201 src/b.yaml"}},
	} {
		whole := pipeline.New()
		for i, region := range c.regions {
			p := part(t, string(rune('a'+i)), region, pipeline.Options{Stores: &store.Resolver{Store: c.store}})
			findings, counts := p.Part(place)
			if counts.KES != 1 || counts.Converted != 1 {
				t.Errorf("%s: %+v", c.name, counts)
			}
			if worst := findings.Worst(); worst > manifest.Info {
				t.Errorf("%s: a part says %v", c.name, findings)
			}
			whole.Absorb(p)
		}
		findings, counts := whole.Finish()
		if counts.KES != 2 || counts.Converted != 2 || whole.Modes()[config.Replace] != 2 {
			t.Errorf("%s: %+v, %v", c.name, counts, whole.Modes())
		}
		var got []string
		for _, f := range findings {
			if f.Severity >= manifest.Warning && f.Rule != "KES303" {
				got = append(got, f.Rule+" "+f.Pos.File)
			}
			if f.Rule == "KES201" && c.regions[0] == c.regions[1] && !strings.Contains(f.Message, "(for 2 secrets)") {
				t.Errorf("%s: %s", c.name, f.Message)
			}
		}
		if strings.Join(got, ", ") != strings.Join(c.want, ", ") {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Of all parts together it is known whether a waiver is needed.
func TestAbsorbWaivers(t *testing.T) {
	c, err := config.Parse("kesbridge.yaml", []byte("waivers: [{rule: KES009, match: {name: a}, reason: known}, {rule: KES009, match: {name: z}, reason: gone}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	settings, err := c.For("")
	if err != nil {
		t.Fatal(err)
	}
	whole := pipeline.New()
	whole.Whole = true
	for _, name := range []string{"a", "b"} {
		p := part(t, name, "eu-west-1", pipeline.Options{Settings: settings, PresetMode: config.Replace, Stores: &store.Resolver{Store: "aws"}})
		p.Part(func(p manifest.Pos, _ manifest.Ref) manifest.Pos { return p })
		whole.Absorb(p)
	}
	findings, _ := whole.Finish()
	var got []string
	for _, f := range findings {
		if f.Rule == "KES507" {
			got = append(got, f.Severity.String()+": "+f.Message)
		}
	}
	want := "warning: what the waiver of KES009 matches has no such finding|warning: the waiver of KES009 matches nothing"
	if s := strings.Join(got, "|"); s != want {
		t.Error(s)
	}
}
