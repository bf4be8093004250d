package proof

import "testing"

func BenchmarkEngine(b *testing.B) {
	for b.Loop() {
		newEngine()
	}
}

// BenchmarkVerify proves an everyday object: three properties of one value.
func BenchmarkVerify(b *testing.B) {
	in := one(b, "  backendType: gcpSecretsManager\n  data: [{key: db, name: u, property: user}, {key: db, name: p, property: password}, {key: tls, name: t}]\n")
	p, _ := convertPair(b, "bench", in, "", nil, nil)
	for b.Loop() {
		if r := Verify(p.in, p.out, p.o); r.Outcome != EqualExcept {
			b.Fatal(r)
		}
	}
}

// BenchmarkVerifyTemplate has a lodash template on top.
func BenchmarkVerifyTemplate(b *testing.B) {
	in := one(b, "  backendType: secretsManager\n  data: [{key: db, name: u, property: user}, {key: db, name: doc}]\n  template: {stringData: {url: 'db://<%= data.u %>@<%= JSON.parse(data.doc).host %>'}}\n")
	p, _ := convertPair(b, "bench", in, "", nil, nil)
	if p.out == nil {
		b.Skip("not converted")
	}
	for b.Loop() {
		Verify(p.in, p.out, p.o)
	}
}
