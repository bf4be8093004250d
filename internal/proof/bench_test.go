package proof

import "testing"

func BenchmarkEngine(b *testing.B) {
	for b.Loop() {
		newEngine()
	}
}
