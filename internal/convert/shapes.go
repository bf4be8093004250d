package convert

import (
	"strings"

	"kesbridge/internal/rule"
)

// shapes remembers which backend values could come out otherwise than in KES
// (facts: eso-providers-*.md, differences). One info line per object says so.
type shapes struct {
	property   bool // data with property
	extract    bool // dataFrom
	binary     bool // decodingStrategy Base64
	path       bool // dataFrom.find
	gcpText    bool
	vaultWhole bool // a whole Vault document as JSON text
	vaultKV1   bool
	akeyless   bool
	alibaba    bool
	ibmKV      bool
}

func (s *shapes) report(c *conv) {
	if c.exact {
		s.reportExact(c)
		return
	}
	var parts []string
	add := func(when bool, text string) {
		if when {
			parts = append(parts, text)
		}
	}
	add(s.property || s.extract || s.ibmKV, "null (KES wrote the text null, ESO nothing)")
	add(s.property || s.extract || s.vaultWhole || s.ibmKV, "integers beyond 2^53 or numbers with an exponent (JavaScript's form in KES)")
	add(s.extract, "numbers written as 1.0 or 1E2 (normalised by KES)")
	add(s.property || s.extract, "objects and arrays that are not compact JSON (re-serialised by KES)")
	add(s.vaultWhole || s.ibmKV, "objects with <, >, &, U+2028 or integer-like keys (ESO escapes and sorts)")
	add(s.vaultKV1, "kv 1 numbers written as 1.50 or 1e3")
	add(s.property, "a value that isn't JSON (KES left the key out, ESO fails)")
	add(s.extract, "a value that isn't a JSON object (KES wrote no keys or numbered ones, ESO fails)")
	add(s.binary, "base64 that isn't canonical (KES decoded leniently, ESO fails)")
	s.common(add)
	c.valueShapes(parts)
}

// common are shapes for which ESO has no form in either fidelity.
func (s *shapes) common(add func(when bool, text string)) {
	add(s.gcpText, "bytes that aren't UTF-8 (KES replaced them) and empty values (ESO fails)")
	add(s.path, "a path without parameters (KES wrote the Secret without them, ESO writes none if nothing else is fetched)")
	add(s.akeyless, "empty values (ESO fails), dynamic secrets with values that aren't strings")
	add(s.alibaba, "empty values (ESO fails)")
}

// reportExact names what no template gives (facts: eso-providers-aws-azure-
// gcp.md section 7, D2-D6, eso-providers-vault-ibm-akeyless-alibaba.md 1.6).
func (s *shapes) reportExact(c *conv) {
	var parts []string
	add := func(when bool, text string) {
		if when {
			parts = append(parts, text)
		}
	}
	json := s.property || s.extract || s.vaultWhole || s.ibmKV
	add(json, "numbers beyond 1.8e308 (Infinity in KES, ESO fails)")
	add(json, "objects and arrays to be written as JSON in which a key is an integer or stands twice, or text has half a surrogate pair (ESO fails)")
	add(s.property && !s.vaultWhole, "a value that isn't JSON (KES left the key out, ESO fails)")
	add(s.extract, "a value that isn't JSON, or is a JSON array or string (KES wrote no keys or numbered ones, ESO fails)")
	add(s.ibmKV, "objects whose keys IBM Cloud doesn't send in sorted order (ESO sorts them)")
	s.common(add)
	c.valueShapes(parts)
}

func (c *conv) valueShapes(parts []string) {
	if len(parts) > 0 {
		c.report(rule.ValueShapes, c.in.Pos, "equal to the Secret of KES unless the backend holds: %s", strings.Join(parts, "; "))
	}
}
