package release

import (
	"testing"

	"kesbridge/conformance/eso"
)

func TestRelease(t *testing.T) {
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	eso.Run(t, r, Version)
}
