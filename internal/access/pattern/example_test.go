package pattern_test

import (
	"fmt"

	"kesbridge/internal/access/pattern"
)

func ExampleTranslate() {
	for _, text := range []string{`^team-[ab]\/.*`, "a.c", "^{x", "^(?!prod)", "("} {
		fmt.Println(pattern.Translate(text))
	}
	// Output:
	// ^team-[ab]/[^\n\r\x{2028}\x{2029}]* <nil>
	// a[^\n\r\x{2028}\x{2029}\x{10000}-\x{10FFFF}]c <nil>
	// ^\{x <nil>
	//  regular expression /^(?!prod)/ has no equivalent in RE2: it looks ahead or behind: (?=, (?!, (?<= or (?<!
	//  invalid regular expression /(/: unterminated group
}
