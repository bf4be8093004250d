package lodash

import (
	"fmt"
	"strings"
)

// show1 prints a value as lodash interpolates it.
func (t *translator) show1(v value) { t.printValue(v, interpolated) }

func (t *translator) printValue(v value, m mode) {
	switch v.kind {
	case kConst:
		if isNil(v.c) && m == interpolated {
			return
		}
		t.print(jsString(v.c))
	case kStr:
		t.printString(v, m)
	case kInt, kBool:
		t.show(v.go_)
	case kJSON:
		t.printJSON(v, m)
	case kList:
		t.show("join \",\" " + parens(v.go_))
	case kCat:
		for _, p := range v.parts {
			t.printValue(p, concatenated)
		}
	case kLazy:
		v.write(m)
	case kB64:
		t.show("b64enc " + parens(t.str(v.parts[0])))
	case kBuffer:
		t.printValue(t.bufferText(v), concatenated)
	case kMapped:
		t.each(v.node, v.parts[0], v.call, joiner(","))
	case kObject:
		t.refuse(v.node, "an object printed as text: JavaScript writes [object Object] or joins the elements")
	case kEntries:
		t.each(v.node, v, nil, joiner(","))
	}
}

func isNil(c any) bool {
	if c == nil {
		return true
	}
	_, is := c.(undefined)
	return is
}

func (t *translator) printString(v value, m mode) {
	_, folded := t.folded[v.key]
	if v.key == "" || !t.target.Exact || folded || t.sink != "" || v.maybe && m == concatenated {
		t.show(t.strOf(v, m == interpolated))
		return
	}
	// Folded in place: linear, where a variable is quadratic.
	each := "$." + v.key
	whole := strings.TrimPrefix(t.dot(), ".") + strings.TrimPrefix(each, "$")
	if !goName.MatchString(v.key) || v.maybe {
		each, whole = fmt.Sprintf("(index $ %s)", quote(v.key)), fmt.Sprintf("(index %s %s)", t.dot(), quote(v.key))
	}
	t.do("range $i := until (len %s)", whole)
	t.do(`printf "%%c" (mod (index %s $i) 128)`, each)
	t.do("end")
}

// strOf is the Go pipeline of a kStr.
func (t *translator) strOf(v value, missing bool) string {
	if v.key == "" {
		return v.go_
	}
	return t.read(v, missing)
}

// str gives a pipeline of v as a Go string, as String(v) has it.
func (t *translator) str(v value) string {
	switch v.kind {
	case kConst:
		return quote(jsString(v.c))
	case kStr:
		return t.strOf(v, false)
	case kInt:
		return `printf "%d" ` + parens(v.go_)
	case kBool:
		return `printf "%t" ` + parens(v.go_)
	case kJSON:
		return t.scalarText(v)
	case kB64:
		return "b64enc " + parens(t.str(v.parts[0]))
	case kBuffer:
		return t.str(t.bufferText(v))
	case kList:
		return `join "," ` + parens(v.go_)
	case kCat:
		return t.sprintf(v.parts)
	}
	return t.collect(func() { t.printValue(v, concatenated) })
}

// sprintf joins parts in an expression.
func (t *translator) sprintf(parts []value) string {
	var format strings.Builder
	var args strings.Builder
	for _, p := range parts {
		switch p.kind {
		case kConst:
			format.WriteString(strings.ReplaceAll(jsString(p.c), "%", "%%"))
			continue
		case kInt:
			format.WriteString("%d")
			args.WriteString(" " + parens(p.go_))
			continue
		case kBool:
			format.WriteString("%t")
			args.WriteString(" " + parens(p.go_))
			continue
		}
		format.WriteString("%s")
		args.WriteString(" " + parens(t.str(p)))
	}
	return "printf " + quote(format.String()) + args.String()
}

// scalarText makes a string of a JSON string, number or bool; it guards against
// the rest, whose text only a template can print, not an expression.
func (t *translator) scalarText(v value) string {
	s := t.variable("s")
	t.do("%s := %s", s, t.json(v))
	return t.scalarVariable(s, fmt.Sprintf(`ternary "0" (toJson %s) (eq %s 0.0)`, s, s))
}

func (t *translator) scalarVariable(s, number string) string {
	t.do(`if kindIs "float64" %s`, s)
	t.do("%s = %s", s, number)
	t.do(`else if kindIs "bool" %s`, s)
	t.do("%s = toJson %s", s, s)
	t.do(`else if not (kindIs "string" %s)`, s)
	t.do("fail %s", quote("not a string, number or boolean"))
	t.do("end")
	t.note(Guarded, "", "where a JSON value that is part of a longer text is null, missing, a list or an object, ESO fails; KES writes its text")
	return s
}

// mustString gives an operand that is a string for certain, for Go functions that
// take anything.
func (t *translator) mustString(v value) string {
	if v.kind != kJSON {
		return t.str(v)
	}
	s := t.assign("s", t.json(v))
	t.failIf(fmt.Sprintf(`not (kindIs "string" %s)`, s), "not a string")
	return s
}

// receiver gives v for a Go function that takes only strings.
func (t *translator) receiver(v value) string {
	if v.kind == kJSON {
		return t.json(v)
	}
	return t.str(v)
}

// json is the pipeline of a JSON value.
func (t *translator) json(v value) string {
	expr := v.go_
	var run []string
	flush := func() {
		if len(run) > 0 {
			expr = "index " + parens(expr) + " " + strings.Join(run, " ")
			run = nil
		}
	}
	for _, s := range v.path {
		run = append(run, parens(s.operand))
	}
	flush()
	return expr
}

// printJSON prints any JSON value as JavaScript's String() would.
func (t *translator) printJSON(v value, m mode) {
	if t.sink != "" {
		if m == interpolated {
			s := t.variable("s")
			t.do("%s := %s", s, t.json(v))
			t.do(`if kindIs "invalid" %s`, s)
			t.do(`%s = ""`, s)
			t.do("end")
			v = value{kind: kJSON, go_: s}
		}
		t.show(t.scalarText(v))
		return
	}
	last := len(v.path) - 1
	if last >= 0 && v.path[last].array && m == interpolated && v.path[last].name != "" {
		// Beyond the end JavaScript has undefined, Go an error.
		outer := v
		outer.path = v.path[:last]
		list := t.assign("list", t.json(outer))
		t.do("if gt (len %s) %s", list, v.path[last].operand)
		t.use("String()")
		t.do(`template "String()" (index %s %s)`, list, v.path[last].operand)
		t.do("end")
		return
	}
	pipeline := t.json(v)
	if m == concatenated {
		pipeline = t.assign("v", pipeline)
		t.failIf(fmt.Sprintf(`kindIs "invalid" %s`, pipeline), "null or missing")
		t.note(Guarded, "", "where a JSON value that is part of a longer text is null or missing, ESO fails; KES writes null or undefined")
	}
	t.use("String()")
	t.do(`template "String()" %s`, parens(pipeline))
}

// use puts a block in front of the value. Their names can't be a Secret's keys,
// which are the names of ESO's templates.
func (t *translator) use(block string) {
	for _, name := range t.defines {
		if name == block {
			return
		}
	}
	t.defines = append(t.defines, block)
}

// blocks: facts/eso-templates.md E1's STR, which also fails on the character that
// Go takes out of a string by index; JSON.stringify of a scalar.
var blocks = map[string]string{
	"String()": `{{ define "String()" }}{{ if kindIs "string" . }}{{ . }}{{ else if kindIs "float64" . }}{{ if eq . 0.0 }}0{{ else }}{{ toJson . }}{{ end }}{{ else if kindIs "bool" . }}{{ . }}{{ else if kindIs "slice" . }}{{ range $i, $e := . }}{{ if $i }},{{ end }}{{ template "String()" $e }}{{ end }}{{ else if kindIs "map" . }}[object Object]{{ else if kindIs "uint8" . }}{{ fail "index into a string" }}{{ end }}{{ end }}`,
	"JSON()":   `{{ define "JSON()" }}{{ if kindIs "string" . }}{{ if regexMatch "[\\x{fffd}\\x{2028}\\x{2029}]" . }}{{ fail "special characters" }}{{ end }}{{ toRawJson . }}{{ else if kindIs "bool" . }}{{ . }}{{ else if kindIs "float64" . }}{{ if eq . 0.0 }}0{{ else }}{{ toJson . }}{{ end }}{{ else }}{{ fail "not a string, number or boolean" }}{{ end }}{{ end }}`,
}
