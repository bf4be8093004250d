package lodash

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"github.com/dop251/goja/ast"
)

var lodashEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func lower(s string) string { return strings.ToLower(s) }

// tooNew: methods that Node 14 hasn't, with the nearest Go template.
var tooNew = map[string]string{
	"replaceAll": `{{ replace "OLD" "NEW" .KEY }}`,
	"at":         "",
	"findLast":   "", "toSorted": "", "toReversed": "", "with": "", "toSpliced": "",
}

// method is object.name(…).
func (t *translator) method(e *ast.CallExpression, object ast.Expression, name string) value {
	v := certain(t.expr(object))
	if suggestion, ok := tooNew[name]; ok {
		t.never(e, suggestion, "Node 14, which KES runs on, has no %s", name)
	}
	switch v.kind {
	case kConst:
		if isNil(v.c) {
			t.never(e, "", "%s has no methods", jsString(v.c))
		}
	case kBuffer:
		return t.bufferMethod(e, v, name)
	case kList, kEntries, kMapped:
		return t.listMethod(e, v, name)
	case kObject:
		t.refuse(e, "methods of object and array literals are not translated")
	case kJSON:
		switch name {
		case "join", "map", "forEach", "toString":
			return t.listMethod(e, v, name)
		}
	}
	if name == "toString" && len(e.ArgumentList) == 0 && (v.isText() || v.kind == kInt || v.kind == kBool) {
		t.str(v)
		return t.concat(e, []value{v})
	}
	if !v.isText() && v.kind != kJSON {
		t.refuse(e, "%s of a value whose type is not known", name)
	}
	return t.stringMethod(e, v, name)
}

func (t *translator) bufferMethod(e *ast.CallExpression, v value, name string) value {
	if name != "toString" || len(e.ArgumentList) > 1 {
		t.refuse(e, "Buffer's %s is not translated", name)
	}
	encoding := "utf8"
	if len(e.ArgumentList) == 1 {
		encoding = t.encoding(e.ArgumentList[0])
	}
	switch encoding {
	case "utf8", "utf-8":
		return t.bufferText(v)
	case "base64":
		return value{kind: kB64, parts: v.parts}
	case "hex":
		return str(`printf "%x" ` + parens(t.str(v.parts[0])))
	case "ascii", "latin1", "binary":
		if !v.bytes && !v.parts[0].isWide() {
			return v.parts[0]
		}
	}
	t.refuse(e, "the encoding %s is not translated", encoding)
	return value{}
}

// stringMethod: on data's values, and on JSON values: Go's functions fail on what
// is no string, where JavaScript has no such method. (slice, includes, concat and
// indexOf exist for lists, too; there ESO fails.)
func (t *translator) stringMethod(e *ast.CallExpression, v value, name string) value {
	simple := func(format string) value {
		t.arguments(e, 0, 0)
		return str(fmt.Sprintf(format, parens(t.narrow(v, "changed")))).wideAs(v)
	}
	switch name {
	case "trim":
		return simple("trim %s")
	case "trimStart", "trimLeft":
		return simple("regexReplaceAll `^[\\s\\v]+` %s \"\"")
	case "trimEnd", "trimRight":
		return simple("regexReplaceAll `[\\s\\v]+$` %s \"\"")
	case "toUpperCase":
		return simple("upper %s")
	case "toLowerCase":
		return simple("lower %s")
	case "concat":
		args := t.arguments(e, 0, 99)
		if v.kind == kJSON {
			v = str(t.mustString(v)).wideAs(v)
		}
		return t.concat(e, append([]value{v}, args...))
	case "startsWith", "endsWith", "includes":
		args := t.arguments(e, 1, 1)
		if !args[0].isText() {
			t.refuse(e, "the text to look for is not known to be text")
		}
		function := map[string]string{"startsWith": "hasPrefix", "endsWith": "hasSuffix", "includes": "contains"}[name]
		needle := parens(t.str(args[0]))
		return value{kind: kBool, go_: function + " " + needle + " " + parens(t.receiver(v))}
	case "replace":
		return t.replace(e, v)
	case "split":
		return t.split(e, v)
	case "substring", "substr", "slice":
		return t.substring(e, v, name)
	case "charAt":
		args := t.arguments(e, 0, 1)
		if len(args) == 0 {
			args = []value{constant(0.0)}
		}
		if at, ok := wholeNumber(args[0]); ok && at >= 0 {
			return t.cut(v, at, at+1)
		}
	case "repeat":
		if n, ok := wholeNumber(t.arguments(e, 1, 1)[0]); ok && n >= 0 {
			return str(fmt.Sprintf("repeat %d %s", n, parens(t.receiver(v)))).wideAs(v)
		}
	case "padStart", "padEnd":
		t.suggest(e, `{{ printf "%5s" .KEY }}`, "padding is not the same in Go")
	case "match", "matchAll", "search", "indexOf", "lastIndexOf", "charCodeAt", "codePointAt", "normalize", "localeCompare":
		t.refuse(e, "%s is not translated", name)
	}
	t.refuse(e, "%s with these arguments is not translated", name)
	return value{}
}

func wholeNumber(v value) (int, bool) {
	n, ok := v.c.(float64)
	if v.kind != kConst || !ok || n != math.Trunc(n) || math.Abs(n) >= 1<<31 {
		return 0, false
	}
	return int(n), true
}

// replace: JavaScript replaces the first match only, unless the pattern has g.
func (t *translator) replace(e *ast.CallExpression, v value) value {
	if len(e.ArgumentList) != 2 {
		t.refuse(e, "replace needs two arguments")
	}
	by := t.expr(e.ArgumentList[1])
	if !by.isText() {
		t.refuse(e.ArgumentList[1], "the replacement is not known to be text")
	}
	if re, ok := e.ArgumentList[0].(*ast.RegExpLiteral); ok {
		return t.replacePattern(e, re, v, by)
	}
	old := t.expr(e.ArgumentList[0])
	if !old.isText() || by.kind != kConst {
		t.refuse(e, "replace with these arguments is not translated ($ in the replacement is special)")
	}
	pattern, matched := "", ""
	if old.kind == kConst {
		matched = jsString(old.c)
		pattern = quote("(?s)^(.*?)" + regexp.QuoteMeta(matched) + "(.*)$")
	} else {
		pattern = fmt.Sprintf("(printf \"(?s)^(.*?)%%s(.*)$\" (regexQuoteMeta %s))", parens(t.str(old)))
		if strings.Contains(jsString(by.c), "$&") {
			t.refuse(e, "$& of a pattern that is not known")
		}
	}
	text, ok := replacement(jsString(by.c), matched, 0, 0)
	if !ok {
		t.refuse(e.ArgumentList[1], "this special replacement is not translated")
	}
	return str(fmt.Sprintf("regexReplaceAll %s %s %s", pattern, parens(t.receiver(v)), quote("${1}"+text+"${2}"))).wideAs(v, by)
}

func (t *translator) replacePattern(e *ast.CallExpression, re *ast.RegExpLiteral, v, by value) value {
	if by.kind != kConst {
		t.refuse(e.ArgumentList[1], "$ in a replacement is special, and this one is not known")
	}
	p := t.pattern(re, certain(v).isWide())
	text := t.regexpText(v)
	if !p.global {
		with, ok := replacement(jsString(by.c), "", p.groups, 1)
		if !ok || p.nestedGroups && strings.Contains(jsString(by.c), "$") {
			t.refuse(e.ArgumentList[1], "this special replacement is not translated")
		}
		return str(fmt.Sprintf("regexReplaceAll %s %s %s", quote("^((?s:.*?))(?:"+p.source+")((?s:.*))$"), parens(text), quote("${1}"+with+fmt.Sprintf("${%d}", p.groups+2)))).wideAs(v, by)
	}
	if p.nullable {
		t.refuse(re, "a pattern that matches nothing is replaced at other places in Go")
	}
	with, ok := replacement(jsString(by.c), "${0}", p.groups, 0)
	if !ok || p.nestedGroups && strings.Contains(jsString(by.c), "$") {
		t.refuse(e.ArgumentList[1], "this special replacement is not translated")
	}
	if p.literal != "" && !strings.Contains(jsString(by.c), "$") {
		return str(fmt.Sprintf("replace %s %s %s", quote(p.literal), quote(jsString(by.c)), parens(text))).wideAs(v, by)
	}
	return str(fmt.Sprintf("regexReplaceAll %s %s %s", quote(p.source), parens(text), quote(with))).wideAs(v, by)
}

// replacement turns JavaScript's $ forms into Go's. matched stands for $&: text,
// or "${0}"; shift is what the groups' numbers grow by.
func replacement(s, matched string, groups, shift int) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '$' || i+1 == len(s) {
			b.WriteString(strings.ReplaceAll(s[i:i+1], "$", "$$"))
			continue
		}
		switch c := s[i+1]; {
		case c == '$':
			b.WriteString("$$")
			i++
		case c == '&' && matched == "${0}":
			b.WriteString(matched)
			i++
		case c == '&' && groups == 0 && matched != "":
			b.WriteString(strings.ReplaceAll(matched, "$", "$$"))
			i++
		case c == '`' || c == '\'' || c == '&':
			return "", false
		case c >= '0' && c <= '9' && groups > 0:
			// Two digits would need care: $10 of one group is $1 and a 0.
			if n := int(c - '0'); groups > 9 || n == 0 || n > groups || i+2 < len(s) && s[i+2] >= '0' && s[i+2] <= '9' {
				return "", false
			}
			fmt.Fprintf(&b, "${%d}", int(c-'0')+shift)
			i++
		default:
			b.WriteString("$$")
		}
	}
	return b.String(), true
}

func (t *translator) split(e *ast.CallExpression, v value) value {
	if len(e.ArgumentList) != 1 {
		t.refuse(e, "split with these arguments is not translated")
	}
	if re, ok := e.ArgumentList[0].(*ast.RegExpLiteral); ok {
		p := t.pattern(re, certain(v).isWide())
		if p.nullable || p.groups > 0 {
			t.refuse(re, "splitting by this pattern is not the same in Go")
		}
		return value{kind: kList, go_: fmt.Sprintf("regexSplit %s %s -1", quote(p.source), parens(t.regexpText(v)))}.wideAs(v)
	}
	by := t.arguments(e, 1, 1)[0]
	if !by.isText() || by.kind == kConst && by.c == "" {
		t.refuse(e, "split with these arguments is not translated")
	}
	separator := parens(t.str(by))
	if by.kind != kConst {
		separator = t.assign("by", separator)
		t.failIf("not "+separator, "splitting by nothing")
	}
	return value{kind: kList, go_: fmt.Sprintf("splitList %s %s", separator, parens(t.receiver(v)))}.wideAs(v)
}

func (t *translator) substring(e *ast.CallExpression, v value, name string) value {
	args := t.arguments(e, 1, 2)
	from, okA := wholeNumber(args[0])
	to, okB := -1, true
	if len(args) == 2 {
		to, okB = wholeNumber(args[1])
		if to < 0 {
			okB = false
		}
		if name == "substr" {
			to += from
		}
	}
	switch {
	case !okA || !okB:
	case from < 0 && name != "substring" && len(args) == 1:
		return str(fmt.Sprintf("trunc %d %s", from, parens(t.narrow(v, "cut")))).wideAs(v)
	case from < 0:
	case to >= 0 && to < from:
		if name == "substring" {
			return t.cut(v, to, from)
		}
		return str("trunc 0 " + parens(t.receiver(v))).wideAs(v)
	default:
		return t.cut(v, from, to)
	}
	t.refuse(e, "%s with these arguments is not translated", name)
	return value{}
}
