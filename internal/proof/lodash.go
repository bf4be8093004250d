package proof

import (
	"regexp"
	"strings"
)

// delimiters are the four of lodash 4.17.21's template.js in the order in
// which it tries them: escape, interpolate, ES interpolate, evaluate. This is
// lodash's own expression (reDelimiters), spelled for RE2, whose leftmost-first
// matching is that of JavaScript; JavaScript's dot excludes four terminators.
var delimiters = regexp.MustCompile(`<%-([\s\S]+?)%>|<%=([\s\S]+?)%>|\$\{([^\\}]*(?:\\[^\n\r\x{2028}\x{2029}][^\\}]*)*)\}|<%([\s\S]+?)%>`)

// The clean-up that template.js does on the whole source, user code included.
var (
	emptyLeading  = regexp.MustCompile(`\b__p \+= '';`)
	emptyMiddle   = regexp.MustCompile(`\b(__p \+=) '' \+`)
	emptyTrailing = regexp.MustCompile(`(__e\([^\n\r\x{2028}\x{2029}]*?\)|\b__t\)) \+\n'';`)
)

var literalEscapes = strings.NewReplacer(
	`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\u2028", `\u2028`, "\u2029", `\u2029`)

// lodashPrint is in front of code with <% %>.
const lodashPrint = ", __j = Array.prototype.join;\nfunction print() { __p += __j.call(arguments, '') }\n"

// lodashSource is the JavaScript function that lodash/template makes of a
// text with {variable: 'data'} (template.js of 4.17.21), or "" for a text
// without delimiters, which comes out as it is. code is what stands
// between delimiters, to be looked at before it is run.
func lodashSource(text string) (source string, code []string) {
	var b strings.Builder
	b.WriteString("__p += '")
	escaping, evaluating := false, false
	end := 0
	for _, m := range delimiters.FindAllStringSubmatchIndex(text, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		b.WriteString(literalEscapes.Replace(text[end:m[0]]))
		end = m[1]
		if e := group(1); e != "" {
			escaping = true
			code = append(code, e)
			b.WriteString("' +\n__e(" + e + ") +\n'")
		}
		if e := group(4); e != "" {
			evaluating = true
			code = append(code, e)
			b.WriteString("';\n" + e + ";\n__p += '")
		}
		if e := group(2) + group(3); e != "" {
			code = append(code, e)
			b.WriteString("' +\n((__t = (" + e + ")) == null ? '' : __t) +\n'")
		}
	}
	b.WriteString(literalEscapes.Replace(text[end:]) + "';\n")
	if end == 0 {
		return "", nil
	}
	body := b.String()
	if evaluating {
		body = emptyLeading.ReplaceAllString(body, "")
	}
	body = emptyMiddle.ReplaceAllString(body, "$1")
	body = emptyTrailing.ReplaceAllString(body, "$1;")
	head := "var __t, __p = ''"
	if escaping {
		head += ", __e = _.escape"
	}
	if evaluating {
		head += lodashPrint
	} else {
		head += ";\n"
	}
	return "function(data) {\n" + head + body + "return __p\n}", code
}
