package argocd

import (
	"slices"
	"testing"
)

const (
	configMap = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"n":"1"}}`
	kesObject = `{"apiVersion":"kubernetes-client.io/v1","kind":"ExternalSecret","metadata":{"name":"db"}}`
	esoObject = `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","metadata":{"name":"db"}}`
	esoOther  = `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","metadata":{"name":"other"}}`
)

// The tests above are worth what the comparison sees.
func TestComparisonSees(t *testing.T) {
	for _, c := range []struct {
		name         string
		theirs, ours []string
		want         []string
	}{
		{"equal", []string{configMap, kesObject}, []string{configMap, esoObject}, nil},
		{"null is nothing", []string{"null", configMap}, []string{configMap}, nil},
		{"kept", []string{kesObject}, []string{kesObject}, []string{"missing: kes ExternalSecret db", "extra: kubernetes-client.io ExternalSecret db"}},
		{"other place", []string{configMap, kesObject}, []string{esoObject, configMap}, []string{"order: ConfigMap c, kes ExternalSecret db, kesbridge: kes ExternalSecret db, ConfigMap c"}},
		{"other name", []string{kesObject}, []string{esoOther}, []string{"missing: kes ExternalSecret db", "extra: external-secrets.io ExternalSecret other"}},
		{"twice", []string{kesObject}, []string{esoObject, esoObject}, []string{"extra: external-secrets.io ExternalSecret db"}},
		{"lost", []string{configMap, kesObject}, []string{configMap}, []string{"missing: kes ExternalSecret db"}},
		{"value", []string{configMap}, []string{`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"},"data":{"n":1}}`}, []string{`ConfigMap c:/data/n: "1", kesbridge: 1`}},
		{"number", []string{`{"kind":"N","spec":{"n":1.0}}`}, []string{`{"kind":"N","spec":{"n":1}}`}, []string{`N *:/spec/n: 1.0, kesbridge: 1`}},
		{"large number", []string{`{"kind":"N","spec":{"n":9007199254740993}}`}, []string{`{"kind":"N","spec":{"n":9007199254740992}}`}, []string{`N *:/spec/n: 9007199254740993, kesbridge: 9007199254740992`}},
		{"field", []string{configMap}, []string{`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","labels":{}},"data":{"n":"1"}}`}, []string{`ConfigMap c:/metadata/labels is only in kesbridge's: {}`}},
	} {
		theirs, err := parse(c.theirs)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := parse(c.ours)
		if err != nil {
			t.Fatal(err)
		}
		if got := differ(theirs, nil, ours, nil); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
