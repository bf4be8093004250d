package proof

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Node's encodings, by the names that Buffer takes in any case.
func encodingName(name string) (string, bool) {
	switch strings.ToLower(name) {
	case "utf8", "utf-8":
		return "utf8", true
	case "ucs2", "ucs-2", "utf16le", "utf-16le":
		return "utf16le", true
	case "latin1", "binary":
		return "latin1", true
	case "base64":
		return "base64", true
	case "base64url": // Node 14.18
		return "base64url", true
	case "hex":
		return "hex", true
	case "ascii":
		return "ascii", true
	}
	return "", false
}

// decodeText is Buffer.from(text, encoding); text is UTF-16.
func decodeText(text []uint16, encoding string) []byte {
	switch encoding {
	case "utf16le":
		out := make([]byte, 0, 2*len(text))
		for _, c := range text {
			out = append(out, byte(c), byte(c>>8))
		}
		return out
	case "latin1", "ascii":
		out := make([]byte, len(text))
		for i, c := range text {
			out[i] = byte(c)
		}
		return out
	case "base64", "base64url":
		// Node looks at the low byte of each unit: 😀 ends it like "=".
		low := make([]byte, len(text))
		for i, c := range text {
			low[i] = byte(c)
		}
		return nodeBase64(string(low))
	case "hex":
		return nodeHex(string(utf16.Decode(text)))
	}
	return []byte(string(utf16.Decode(text)))
}

// nodeBase64 decodes as leniently as Node 14 does: both alphabets, anything
// else is skipped, the first "=" ends it (facts: eso-providers section 4).
func nodeBase64(s string) []byte {
	s, _, _ = strings.Cut(s, "=")
	kept := make([]byte, 0, len(s))
	for _, c := range []byte(s) {
		switch {
		case c == '-':
			kept = append(kept, '+')
		case c == '_':
			kept = append(kept, '/')
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			kept = append(kept, c)
		}
	}
	if len(kept)%4 == 1 {
		kept = kept[:len(kept)-1]
	}
	out, _ := base64.RawStdEncoding.DecodeString(string(kept))
	return out
}

// nodeHex stops at the first pair that isn't hexadecimal.
func nodeHex(s string) []byte {
	n := 0
	for n+1 < len(s) && isHex(s[n]) && isHex(s[n+1]) {
		n += 2
	}
	out, _ := hex.DecodeString(s[:n])
	return out
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// encodeBytes is buffer.toString(encoding).
func encodeBytes(b []byte, encoding string) []uint16 {
	units := func(s string) []uint16 { return utf16.Encode([]rune(s)) }
	switch encoding {
	case "utf16le":
		out := make([]uint16, len(b)/2)
		for i := range out {
			out[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return out
	case "latin1", "ascii":
		mask := byte(0xff)
		if encoding == "ascii" {
			mask = 0x7f
		}
		out := make([]uint16, len(b))
		for i, c := range b {
			out[i] = uint16(c & mask)
		}
		return out
	case "base64":
		return units(base64.StdEncoding.EncodeToString(b))
	case "base64url":
		return units(base64.RawURLEncoding.EncodeToString(b))
	case "hex":
		return units(hex.EncodeToString(b))
	}
	return units(nodeUTF8(b))
}

// nodeUTF8 decodes as V8 does: each maximal part of a broken sequence is one
// U+FFFD (Go: each byte).
func nodeUTF8(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var out strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			n = brokenPart(b)
		}
		out.WriteRune(r)
		b = b[n:]
	}
	return out.String()
}

// brokenPart is the length of the longest start of a valid sequence, at
// least 1 (Unicode 3.9, table 3-7).
func brokenPart(b []byte) int {
	lo, hi, n := byte(0x80), byte(0xbf), 0
	switch c := b[0]; {
	case c >= 0xc2 && c <= 0xdf:
		n = 1
	case c >= 0xe0 && c <= 0xef:
		n = 2
		if c == 0xe0 {
			lo = 0xa0
		} else if c == 0xed {
			hi = 0x9f
		}
	case c >= 0xf0 && c <= 0xf4:
		n = 3
		if c == 0xf0 {
			lo = 0x90
		} else if c == 0xf4 {
			hi = 0x8f
		}
	}
	i := 1
	for ; i <= n && i < len(b) && b[i] >= lo && b[i] <= hi; i++ {
		lo, hi = 0x80, 0xbf
	}
	return i
}
