package access_test

import (
	"testing"

	"kesbridge/internal/access"
	"kesbridge/internal/access/accesstest"
)

// TestTable: Permitted says what KES's own code says.
func TestTable(t *testing.T) {
	n := 0
	large, _, err := accesstest.Large()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range append(accesstest.Groups(), large) {
		for i := range g.Cases {
			c := &g.Cases[i]
			es, err := g.Decode(c)
			if err != nil {
				t.Error(err)
				continue
			}
			ok, why := access.Permitted(g.Annotations(c), g.Settings, es)
			ok = ok && g.Settings.Watches(g.Namespace(c)) && g.Settings.Serves(es.Spec.ControllerID)
			if ok != c.KES {
				t.Errorf("%s: %t %s, want %t", g.Namespace(c), ok, why, c.KES)
			}
			if (c.Why != "") != (c.KES != c.Policy) {
				t.Errorf("%s: a reason is for where the policy differs", g.Namespace(c))
			}
			n++
		}
	}
	t.Logf("%d cases", n)
}
