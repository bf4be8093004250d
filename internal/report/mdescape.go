package report

import (
	"regexp"
	"strings"
	"unicode/utf16"
)

// mdEntities are the characters by which GitHub's and GitLab's Markdown mean
// something inside a line: emphasis, code, links (which need a bracket),
// autolinks ("https:", "www."), tables, HTML, mathematics, emoji. As entities
// they mean themselves, everywhere.
var mdEntities = func() *strings.Replacer {
	var pairs []string
	for _, c := range "\\`*_[]<>|&~:$" {
		pairs = append(pairs, string(c), entity(c))
	}
	return strings.NewReplacer(pairs...)
}()

func entity(c rune) string {
	const digits = "0123456789"
	s := ""
	for n := int(c); n > 0; n /= 10 {
		s = string(digits[n%10]) + s
	}
	return "&#" + s + ";"
}

// mdLinks are texts that GitHub links after Markdown is done, so that an entity
// isn't enough: mentions and issues. A space without width behind them, as
// Dependabot and Renovate have it.
var mdLinks = strings.NewReplacer("@", "&#64;&#8203;", "#", "&#35;&#8203;")

// www begins an address without "https:".
var www = regexp.MustCompile(`(?i)(www)\.`)

// prose is a text of others inside a line of Markdown.
func prose(s string) string {
	var b strings.Builder
	for part := range strings.SplitAfterSeq(plain(s), "") {
		if l := mdLinks.Replace(part); l != part {
			b.WriteString(l)
		} else {
			b.WriteString(mdEntities.Replace(part))
		}
	}
	return noListMarks(www.ReplaceAllString(b.String(), "${1}&#46;"))
}

// noListMarks takes what begins a list, a rule, a heading's underline or a
// quote from a line's start.
func noListMarks(s string) string {
	t := strings.TrimLeft(s, " ")
	digits := strings.TrimLeft(t, "0123456789")
	switch {
	case t != "" && strings.IndexByte("-+=", t[0]) >= 0:
		return entity(rune(t[0])) + t[1:]
	case digits != t && digits != "" && strings.IndexByte(".)", digits[0]) >= 0:
		return t[:len(t)-len(digits)] + entity(rune(digits[0])) + digits[1:]
	}
	return t
}

// code is a name, path or place of others. GitHub links no mention inside
// <code>, and a copied name holds nothing that is invisible; a comment, which
// is dropped, keeps "a@b.example" from becoming an address.
func code(s string) string {
	if s == "" {
		return ""
	}
	s = mdEntities.Replace(plain(s))
	s = strings.NewReplacer("@", "&#64;<!-- -->", "#", "&#35;").Replace(strings.ReplaceAll(s, "&#", "\x00"))
	s = strings.ReplaceAll(s, "\x00", "&#")
	return "<code>" + www.ReplaceAllString(s, "${1}&#46;") + "</code>"
}

// fenced is a block of code, in a fence longer than any in it.
func fenced(language, s string) string {
	s = plainLines(strings.TrimRight(s, "\n"))
	longest, run := 2, 0
	for _, c := range s {
		if c == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", longest+1)
	return fence + language + "\n" + s + "\n" + fence + "\n"
}

// mdLength counts as GitHub's limit might at its strictest: UTF-16 units, as
// its pages count, and an end of line as the two characters that a form sends.
func mdLength(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
		if r == '\n' {
			n++
		}
	}
	return n
}
