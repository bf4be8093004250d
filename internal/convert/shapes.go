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
	add(s.gcpText, "bytes that aren't UTF-8 (KES replaced them) and empty values (ESO fails)")
	add(s.path, "a path without parameters (KES wrote the Secret without them, ESO writes none if nothing else is fetched)")
	add(s.akeyless, "empty values (ESO fails), dynamic secrets with values that aren't strings")
	add(s.alibaba, "empty values (ESO fails)")
	if len(parts) > 0 {
		c.report(rule.ValueShapes, c.in.Pos, "equal to the Secret of KES unless the backend holds: %s", strings.Join(parts, "; "))
	}
}
