package eso

import (
	"encoding/json"
	"testing"
)

func TestFill(t *testing.T) {
	const bare = `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","spec":{"data":[{"remoteRef":{"key":"a"}},{"remoteRef":{"key":"b","conversionStrategy":"Unicode"}}],"target":{}}}`
	const full = `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","spec":{"data":[{"remoteRef":{"key":"a","conversionStrategy":"Default","decodingStrategy":"None","metadataPolicy":"None","nullBytePolicy":"Ignore"}}],"target":{"creationPolicy":"Owner"}}}`
	for _, tt := range []struct{ name, version, live, want string }{
		{"what the live object has", "1.3", full, `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","spec":{"data":[{"remoteRef":{"conversionStrategy":"Default","decodingStrategy":"None","key":"a","metadataPolicy":"None"}},{"remoteRef":{"conversionStrategy":"Unicode","decodingStrategy":"None","key":"b","metadataPolicy":"None"}}],"target":{"creationPolicy":"Owner"}}}`},
		{"a version with one more", "2.3", full, `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","spec":{"data":[{"remoteRef":{"conversionStrategy":"Default","decodingStrategy":"None","key":"a","metadataPolicy":"None","nullBytePolicy":"Ignore"}},{"remoteRef":{"conversionStrategy":"Unicode","decodingStrategy":"None","key":"b","metadataPolicy":"None","nullBytePolicy":"Ignore"}}],"target":{"creationPolicy":"Owner"}}}`},
		{"2.9 dropped them", "2.9", full, `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","spec":{"data":[{"remoteRef":{"key":"a"}},{"remoteRef":{"conversionStrategy":"Unicode","key":"b"}}],"target":{"creationPolicy":"Owner"}}}`},
		{"nothing there", "1.3", bare, `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","spec":{"data":[{"remoteRef":{"key":"a"}},{"remoteRef":{"conversionStrategy":"Unicode","key":"b"}}],"target":{}}}`},
		{"another apiVersion", "0.14", full, `{"apiVersion":"external-secrets.io/v1","kind":"ExternalSecret","spec":{"data":[{"remoteRef":{"key":"a"}},{"remoteRef":{"conversionStrategy":"Unicode","key":"b"}}],"target":{}}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, err := ProfileFor(tt.version)
			if err != nil {
				t.Fatal(err)
			}
			var object, live map[string]any
			for _, x := range []struct {
				s string
				v *map[string]any
			}{{bare, &object}, {tt.live, &live}} {
				if err := json.Unmarshal([]byte(x.s), x.v); err != nil {
					t.Fatal(err)
				}
			}
			p.Fill(object, live)
			got, err := json.Marshal(object)
			if err != nil || string(got) != tt.want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, tt.want)
			}
		})
	}
}
