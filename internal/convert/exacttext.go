package convert

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// actions writes template actions, one group a line, so that only their own
// output is printed.
func actions(list ...string) string {
	var b strings.Builder
	for i, a := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString("{{- " + a + " -}}")
	}
	return b.String()
}

// tokens matches one JSON token: a string, a bracket, comma or colon, or a
// number, true, false, null (facts: eso-templates.md E1, TOK).
const tokens = "$re := `" + `"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s"{}\[\],:]+` + "`"

// unescaped undoes what Go's JSON has and JavaScript's hasn't: the escapes of
// U+2028 and U+2029. A NUL can't stand in JSON text, so it may stand for an
// escaped backslash meanwhile.
const unescaped = "toRawJson | replace `\\\\` \"\\x00\" | replace `\\u2028` \"\\u2028\" | replace `\\u2029` \"\\u2029\" | replace \"\\x00\" `\\\\`"

// canonical writes the token $t as JSON.stringify does: escapes undone, numbers
// in JavaScript's form, which is that of Go's JSON but for -0 (facts C4, E1).
const canonical = "if regexMatch `^[\"\\-0-9]` $t }}{{ $t = mustFromJson $t | " + unescaped + ` }}{{ end }}{{ if eq $t "-0" }}{{ $t = "0" }}{{ end`

const (
	closing = `if has $t (list "}" "]") }}{{ $n = sub $n 1 }}{{ end`
	opening = `if has $t (list "{" "[") }}{{ $n = add $n 1 }}{{ end`
	// leaving ends a value of the outermost object or array.
	leaving = `if or (eq $n 0) (and (eq $n 1) (eq $t ",")) }}{{ $on = false }}{{ end`
	// compound: only what holds other values needs its tokens.
	compound = `or (kindIs "map" %[1]s) (kindIs "slice" %[1]s)`
)

// inOrder fails where the tokens aren't what JavaScript writes: it puts
// integer-like keys first, and a repeated key where it first stood; half of a
// surrogate pair, which only an escape in the document can be, has become
// U+FFFD. (Go's own text has no repeated keys.)
func inOrder(text, value, doc string) string {
	return fmt.Sprintf("if or (regexMatch `\"(0|[1-9][0-9]{0,9})\":` %[1]s) (ne (len (regexFindAll $re %[1]s -1)) (len (regexFindAll $re (toRawJson %[2]s) -1))) (and (contains \"\\ufffd\" %[1]s) (regexMatch `\\\\u[dD][89a-fA-F]` %[3]s)) }}{{ fail %[4]q }}{{ end",
		text, value, doc, "integer-like or repeated keys, or half a surrogate pair, in JSON")
}

// jsonForm is JSON.stringify(JSON.parse(text)).
func jsonForm(text string) form {
	return form{
		fmt.Sprintf("$d := mustFromJson %s }}{{ %s }}{{ $v := \"\"", text, tokens),
		fmt.Sprintf("range $t := regexFindAll $re %s -1", text),
		canonical + " }}{{ $v = print $v $t",
		"end",
		inOrder("$v", "$d", text),
	}
}

// decodeActions are Buffer.from($v, "base64") of Node, which skips junk, takes
// the URL-safe alphabet and no padding, and stops at "=" (facts:
// eso-providers-aws-azure-gcp.md section 4, equal in 20,000 of 20,000 texts).
var decodeActions = []string{
	`$s := index (splitList "=" ($v | replace "-" "+" | replace "_" "/")) 0 }}{{ $s = regexReplaceAll "[^A-Za-z0-9+/]" $s "" }}{{ $m := mod (len $s) 4`,
	`if eq $m 1 }}{{ $s = trunc (sub (len $s) 1 | int) $s }}{{ else if eq $m 2 }}{{ $s = print $s "==" }}{{ else if eq $m 3 }}{{ $s = print $s "=" }}{{ end`,
	`$v = b64dec $s`,
}

// propertyForm reads a value by the first of the paths that leads to one, and
// fails where KES does (T1). Strings are themselves, null is "null".
func propertyForm(doc, missing string, paths [][]string, decodes bool) form {
	f := form{"$d := mustFromJson " + doc}
	f = append(f, find(paths)...)
	f = append(f, fmt.Sprintf(`if kindIs "int" $v }}{{ fail %q }}{{ end`, missing))
	f = append(f, "if "+fmt.Sprintf(compound, "$v"), tokens+" }}{{ $j := "+doc)
	f = append(f, captured(paths)...)
	f = append(f, inOrder("$j", "$v", doc), "$v = $j")
	if decodes {
		f = append(f, `else if kindIs "string" $v`)
		f = append(f, decodeActions...)
	}
	return append(f, `else if not (kindIs "string" $v) }}{{ $v = regexReplaceAll "^-0$" (toRawJson $v) "0" }}{{ end`)
}

// find leaves in $v what a path leads to, and in $p that path if there is a
// choice; $v is the int 0, which JSON doesn't give, where nothing is there.
func find(paths [][]string) []string {
	if len(paths) == 1 {
		return walk(paths[0])
	}
	var list []string
	literal := strconv.Quote(paths[0][0])
	if isIndex(paths[1][0]) { // dig fails on an array
		list = []string{"$p := list " + literal + " }}{{ $v := 0", `if kindIs "map" $d }}{{ $v = dig ` + literal + " 0 $d }}{{ end"}
	} else {
		list = []string{"$p := list " + literal + " }}{{ $v := dig " + literal + " 0 $d"}
	}
	path := walk(paths[1])
	path[0] = strings.Replace(path[0], "$v := ", "$v = ", 1)
	list = append(list, `if kindIs "int" $v }}{{ $p = list`+quoteAll(paths[1]))
	return append(append(list, path...), "end")
}

// walk follows a path from $d; dig fails where a value on the way is no
// object.
func walk(path []string) []string {
	list := []string{"$v := $d"}
	if !isIndex(path[0]) {
		list = nil
	}
	for i := 0; i < len(path); {
		if isIndex(path[i]) {
			list = append(list, fmt.Sprintf(`if not (kindIs "slice" $v) }}{{ $v = dig %q 0 $v }}{{ else if lt %s (len $v) }}{{ $v = index $v %s }}{{ else }}{{ $v = 0 }}{{ end`, path[i], path[i], path[i]))
			i++
			continue
		}
		n := slices.IndexFunc(path[i:], isIndex)
		if n < 0 {
			n = len(path) - i
		}
		set, from := "$v = ", "$v"
		if i == 0 {
			set, from = "$v := ", "$d"
		}
		list = append(list, set+"dig"+quoteAll(path[i:i+n])+" 0 "+from)
		i += n
	}
	return list
}

// isIndex reports whether a segment may be an index of an array.
func isIndex(s string) bool {
	return s == "0" || s != "" && len(s) < 10 && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// captured replaces the JSON text $j by that of the value at the path, in the
// document's own order of keys (facts: eso-templates.md E5). Of repeated keys
// the last counts.
func captured(paths [][]string) []string {
	indexed := slices.ContainsFunc(paths, func(p []string) bool { return slices.ContainsFunc(p, isIndex) })
	start := `$c := "" }}{{ $k := "" }}{{ $n := 0 }}{{ $on := false`
	if indexed {
		start += ` }}{{ $a := hasPrefix "[" (trim $j) }}{{ $i := 0`
	}
	list := []string{
		start,
		"range $t := regexFindAll $re $j -1",
		closing + " }}{{ " + leaving,
		"if $on }}{{ " + canonical + " }}{{ $c = print $c $t",
		`else if and (eq $n 1) (eq $t ":") }}{{ if eq (mustFromJson $k) $s }}{{ $on = true }}{{ $c = "" }}{{ end }}{{ end`,
		"$k = $t }}{{ " + opening,
	}
	if indexed {
		list = append(list, `if and $a (eq $n 1) (has $t (list "[" ",")) }}{{ if eq $t "," }}{{ $i = add $i 1 }}{{ end }}{{ if eq (toString $i) $s }}{{ $on = true }}{{ $c = "" }}{{ end }}{{ end`)
	}
	list = append(list, "end }}{{ $j = $c")
	switch {
	case len(paths) > 1:
		return append(append([]string{"range $s := $p"}, list...), "end")
	case len(paths[0]) > 1:
		return append(append([]string{"range $s := list" + quoteAll(paths[0])}, list...), "end")
	}
	return append([]string{fmt.Sprintf("$s := %q", paths[0][0])}, list...)
}

// actions put the keys of the document into $m as KES's dataFrom does (T2). An
// array or a string, which KES took apart, fails.
func (e extract) actions() []string {
	doc := operand(e.document)
	return []string{
		fmt.Sprintf("$d := mustFromJson %s }}{{ $m := dict", doc),
		`if kindIs "map" $d`,
		tokens + ` }}{{ $k := "" }}{{ $p := "" }}{{ $n := 0 }}{{ $on := false`,
		fmt.Sprintf("range $t := regexFindAll $re %s -1", doc),
		closing + " }}{{ " + leaving,
		"if $on }}{{ " + canonical + " }}{{ $_ := set $m $k (print (get $m $k) $t)",
		`else if and (eq $n 1) (eq $t ":") }}{{ $on = true }}{{ $k = mustFromJson $p }}{{ $_ := set $m $k "" }}{{ end`,
		"$p = $t }}{{ " + opening,
		"end",
		`range $k, $x := $d }}{{ if kindIs "string" $x }}{{ $_ := set $m $k $x`,
		"else if " + fmt.Sprintf(compound, "$x") + " }}{{ " + inOrder("(get $m $k)", "$x", "$"+doc) + " }}{{ end }}{{ end",
		fmt.Sprintf(`else if or (kindIs "slice" $d) (kindIs "string" $d) }}{{ fail %q }}{{ end`, e.key+" is not a JSON object"),
	}
}

// mappingActions print $m as the YAML that templateFrom wants. JSON is YAML,
// but for characters that YAML readers refuse unless they are escaped: DEL, the
// C1 controls, U+FEFF, U+FFFE and U+FFFF.
var mappingActions = []string{
	"$j := toJson $m",
	`range $i := concat (untilStep 127 160 1) (list 65279 65534 65535) }}{{ $j = replace (printf "%c" $i) (printf "\\u%04x" $i) $j }}{{ end`,
	"$j",
}
