package proof

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// js-yaml 3.14.1 is not run. For a flat object of plain words, numbers and
// booleans its output is known (facts: eso-templates.md E4); anything else is
// not provable.

var (
	yamlWord  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./-]{1,60}$`)
	yamlKey   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]+$`)
	yamlTaken = strings.Fields("y n yes no on off true false null")
)

func plainWord(s string, re *regexp.Regexp) bool {
	return re.MatchString(s) && !slices.Contains(yamlTaken, strings.ToLower(s))
}

func (e *engine) dump(call goja.FunctionCall) goja.Value {
	text, ok := e.dumpValue(call.Argument(0))
	if !ok {
		e.trap("yaml." + call.Argument(1).String() + " of a value that isn't a plain word or a flat object of them")
		return goja.Undefined()
	}
	return e.vm.ToValue(text)
}

func (e *engine) dumpValue(v goja.Value) (string, bool) {
	o, isObject := v.(*goja.Object)
	if !isObject {
		s, ok := dumpScalar(v)
		return s + "\n", ok
	}
	if o.ClassName() != "Object" {
		return "", false
	}
	keys := o.Keys()
	if len(keys) == 0 {
		return "{}\n", true
	}
	var b strings.Builder
	for _, k := range keys {
		s, ok := dumpScalar(o.Get(k))
		if !ok || !plainWord(k, yamlKey) {
			return "", false
		}
		b.WriteString(k + ": " + s + "\n")
	}
	return b.String(), true
}

func dumpScalar(v goja.Value) (string, bool) {
	switch {
	case goja.IsNull(v):
		return "null", true
	case goja.IsString(v):
		return v.String(), plainWord(v.String(), yamlWord)
	case goja.IsNumber(v):
		f := v.ToFloat()
		if f != float64(int64(f)) || f > 1e15 || f < -1e15 || v.String() == "0" {
			return "", false
		}
		return v.String(), true
	}
	b, ok := v.Export().(bool)
	return strconv.FormatBool(b), ok
}

// load reads what dump writes, and plain words.
func (e *engine) load(call goja.FunctionCall) goja.Value {
	fail := func() goja.Value {
		e.trap("yaml.load of a text that isn't a flat mapping of plain words")
		return goja.Undefined()
	}
	text := strings.TrimSuffix(call.Argument(0).String(), "\n")
	if plainWord(text, yamlWord) {
		return e.vm.ToValue(text)
	}
	o := e.vm.NewObject()
	for _, line := range strings.Split(text, "\n") {
		k, v, ok := strings.Cut(line, ": ")
		if !ok || !plainWord(k, yamlKey) || o.Get(k) != nil {
			return fail()
		}
		switch n, err := strconv.ParseInt(v, 10, 64); {
		case plainWord(v, yamlWord):
			_ = o.Set(k, v)
		case v == "true", v == "false":
			_ = o.Set(k, v == "true")
		case err == nil && strconv.FormatInt(n, 10) == v && n < 1e15 && n > -1e15:
			_ = o.Set(k, n)
		default:
			return fail()
		}
	}
	return o
}
