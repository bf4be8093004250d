package eso

import (
	"errors"
	"strings"
	"testing"
)

func mustProfile(t *testing.T, version string) Profile {
	t.Helper()
	p, err := ProfileFor(version)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProfileFor(t *testing.T) {
	const nullByte = "spec.data[].remoteRef.nullBytePolicy"
	const finalizers = "spec.target.template.metadata.finalizers"
	for _, tt := range []struct {
		in, version, api              string
		finalizers, nullByte, alibaba bool
		// ignore says that some release defaults nullBytePolicy.
		ignore bool
	}{
		// Some of the common profile's releases default it, not all know it.
		{in: "", api: "v1", ignore: true},
		{in: "0.9", version: "0.9", api: "v1beta1", alibaba: true},
		{in: "v0.9.20", version: "0.9.20", api: "v1beta1", alibaba: true},
		{in: "0.9.0", version: "0.9.0", api: "v1beta1", alibaba: true},
		{in: "0.10", version: "0.10", api: "v1beta1", alibaba: true},
		{in: "0.15.1", version: "0.15.1", api: "v1beta1", alibaba: true},
		{in: "0.16", version: "0.16", api: "v1", alibaba: true},
		{in: "0.16.0", version: "0.16.0", api: "v1", alibaba: true},
		{in: "0.19", version: "0.19", api: "v1", alibaba: true},
		{in: "0.20", version: "0.20", api: "v1", alibaba: true, finalizers: true},
		{in: "1.3.2", version: "1.3.2", api: "v1", alibaba: true, finalizers: true},
		{in: "v1.3", version: "1.3", api: "v1", alibaba: true, finalizers: true},
		{in: "2.0", version: "2.0", api: "v1", finalizers: true},
		{in: "2.2", version: "2.2", api: "v1", finalizers: true},
		{in: "2.3", version: "2.3", api: "v1", finalizers: true, nullByte: true, ignore: true},
		{in: "2.6.0", version: "2.6.0", api: "v1", finalizers: true, nullByte: true, ignore: true},
		{in: "2.7", version: "2.7", api: "v1", finalizers: true, nullByte: true},
		{in: "2.9", version: "2.9", api: "v1", finalizers: true, nullByte: true},
		// Patches that we don't know get their minor's profile.
		{in: "2.9.7", version: "2.9.7", api: "v1", finalizers: true, nullByte: true},
		{in: "0.15.9", version: "0.15.9", api: "v1beta1", alibaba: true},
	} {
		p := mustProfile(t, tt.in)
		if p.Version() != tt.version || p.APIVersion() != "external-secrets.io/"+tt.api {
			t.Errorf("%q: version %q, apiVersion %q", tt.in, p.Version(), p.APIVersion())
		}
		if got := p.Knows(finalizers); got != tt.finalizers {
			t.Errorf("%q knows finalizers: %t", tt.in, got)
		}
		if got := p.Knows(nullByte); got != tt.nullByte {
			t.Errorf("%q knows nullBytePolicy: %t", tt.in, got)
		}
		if got := p.defaultOf(nullByte); got != map[bool]string{true: "Ignore"}[tt.ignore] {
			t.Errorf("%q defaults nullBytePolicy to %q", tt.in, got)
		}
		if got := p.HasProvider("alibaba"); got != tt.alibaba {
			t.Errorf("%q has alibaba: %t", tt.in, got)
		}
		if !p.HasProvider("vault") || p.HasProvider("nope") || p.HasProvider("") {
			t.Errorf("%q: providers", tt.in)
		}
		if !p.Knows("spec.data[].remoteRef.key") || p.Knows("spec.dataFrom[].find.metadataPolicy") || p.Knows("") {
			t.Errorf("%q: fields", tt.in)
		}
	}
	if (Profile{}) != mustProfile(t, "") {
		t.Error("the zero Profile isn't the common one")
	}
}

func TestSpan(t *testing.T) {
	for version, want := range map[string][2]release{
		"":       {{0, 16, 0}, {2, 9, 0}},
		"0.9":    {{0, 9, 0}, {0, 9, 20}},
		"0.18":   {{0, 18, 0}, {0, 18, 2}},
		"0.18.0": {{0, 18, 0}, {0, 18, 0}},
		"0.18.9": {{0, 18, 0}, {0, 18, 2}},
	} {
		if _, lo, hi := mustProfile(t, version).span(); lo != want[0] || hi != want[1] {
			t.Errorf("%q spans %v to %v", version, lo, hi)
		}
	}
}

// TestMinorIsWhatAllPatchesKnow: merge came with 0.18.1, so "0.18" lacks it.
func TestMinorIsWhatAllPatchesKnow(t *testing.T) {
	for version, want := range map[string]bool{"0.18": false, "0.18.0": false, "0.18.1": true, "0.18.2": true, "0.18.3": false, "0.19": true} {
		if got := mustProfile(t, version).Knows("spec.dataFrom[].rewrite[].merge"); got != want {
			t.Errorf("%q knows merge: %t", version, got)
		}
	}
}

func TestProfileForRefuses(t *testing.T) {
	for in, malformed := range map[string]bool{
		"0.8": false, "0.8.17": false, "0.21": false, "1.4": false, "2.10": false, "2.10.0": false, "3.0": false, "v3.0.0": false,
		"2": true, "latest": true, "v": true, "2.9.0.1": true, "2.x": true, "2.-1": true, "2.9.0-rc1": true, " 2.9": true, "vv2.9": true, "2..9": true, "2.99999999999": true,
	} {
		_, err := ProfileFor(in)
		var ve *VersionError
		if !errors.As(err, &ve) {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if ve.Malformed != malformed || ve.Version != in || !strings.Contains(err.Error(), "0.9 to 2.9") {
			t.Errorf("%q: %v (%+v)", in, err, ve)
		}
	}
}
