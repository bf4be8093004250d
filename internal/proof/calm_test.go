package proof

import "testing"

// TestCalm: a new JavaScript world for each case costs most of a proof, so what
// surely changes nothing must be seen as such, and nothing else.
func TestCalm(t *testing.T) {
	for text, want := range map[string]bool{
		"<%= JSON.parse(data.x).a %>":                                          true,
		"<% const v = JSON.parse(data.x) %><%= v.a %>":                         true,
		"<% JSON.parse(data.x).forEach((e, i) => { %><%= i %><% }) %>":         true,
		"<% let n = 0; for (const e of JSON.parse(data.x)) { n++ } %><%= n %>": true,
		"<% print(data.x) %>":                                                  true,
		"<% Array.prototype.x = 1 %>":                                          false,
		"<% JSON.parse = null %>":                                              false,
		"<% undeclared = 1 %>":                                                 false,
		"<% JSON.parse(data.x).forEach((e) => { e.constructor.y = 1 }) %>":     false,
		`<% delete data["x"] %>`:                                               false,
	} {
		source, _ := lodashSource(text)
		if got := calm(source); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
