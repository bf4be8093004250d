package config

import (
	"strings"
	"testing"
)

func TestApps(t *testing.T) {
	c, err := Parse("k", []byte("apps:\n  - {path: apps/*, clusters: [prod]}\n  - application: argocd/web.yaml\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Apps) != 2 || c.Apps[0].Path != "apps/*" || c.Apps[0].Clusters[0] != "prod" || c.Apps[1].Application != "argocd/web.yaml" || c.Apps[1].Pos.String() != "k:3:5" {
		t.Errorf("%+v", c.Apps)
	}
	for in, want := range map[string]string{
		"apps: [{clusters: [a]}]":      "k:1:8: apps[0]: needs one of the keys path, application",
		"apps: [{path: /a}]":           "leads out of the repository",
		"apps: [{path: a/../../b}]":    "leads out of the repository",
		"apps: [{application: \"[\"}]": "is not a pattern",
		"apps: [{path: }]":             "has no value",
	} {
		if _, err := Parse("k", []byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}
