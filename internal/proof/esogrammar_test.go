package proof

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// callable are the names that random templates call.
func (w *inputWriter) callable() []string {
	return slices.Sorted(maps.Keys(w.set.functions()))
}

// unary are those that a pipeline can end in without further arguments.
func (w *inputWriter) unary() []string {
	return slices.DeleteFunc(w.callable(), func(name string) bool {
		t := reflect.TypeOf(w.set.functions()[name])
		return t.NumIn() != 1
	})
}

var builtins = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "index", "len", "print", "printf", "println", "html", "js", "urlquery", "slice"}

// randomTemplate is text with random actions.
func (w *inputWriter) randomTemplate(depth int) string {
	var b strings.Builder
	for range 1 + w.rng.IntN(2) {
		b.WriteString(w.node(depth))
	}
	return b.String()
}

// randomStable is a random template without functions that depend on Go's map
// order.
func (w *inputWriter) randomStable() string {
	for {
		if text := w.randomTemplate(1); !mapOrder.MatchString(text) {
			return text
		}
	}
}

func (w *inputWriter) randomLiteral() string {
	return pick(w,
		"a: {{ .x | quote }}\n", "k: {{ toRawJson .x }}\nb: 1\n", "{{ .j }}", "{{ range $k, $v := . }}{{ $k | quote }}: {{ toRawJson $v }}\n{{ end }}",
		"{{ range $k, $v := fromJson .j }}{{ $k | quote }}: {{ toString $v | toRawJson }}\n{{ end }}", "a: [1]\n", "yes: \"1\"\n", "a: yes\n", "", "- a\n", "a: |\n  {{ .x }}\n", "{{ .a }}: b\n",
		"a: "+w.randomStable()+"\n", "{\"a\":\"1\",\"a\":\"2\"}", "a: 1\n---\nb: 2\n")
}

func (w *inputWriter) node(depth int) string {
	open, end := pick(w, "{{ ", "{{ ", "{{ ", "{{- "), pick(w, " }}", " }}", " }}", " -}}")
	switch n := w.rng.IntN(12); {
	case n < 2:
		return pick(w, "text ", " \n", "a{b}", "\u00e9", "}}", "{")
	case n == 2 && depth > 0:
		return open + "if " + w.pipeline(depth-1) + end + w.node(depth-1) + "{{ else }}" + w.node(depth-1) + "{{ end }}"
	case n == 3 && depth > 0:
		return open + "range $k, $v := " + w.pipeline(depth-1) + end + pick(w, "{{ $k }}={{ $v }};", w.node(depth-1)) + "{{ else }}none{{ end }}"
	case n == 4 && depth > 0:
		return open + "with " + w.pipeline(depth-1) + end + pick(w, "{{ . }}", w.node(depth-1)) + "{{ end }}"
	case n == 5:
		return open + "$n := " + w.pipeline(depth) + end + "{{ $n }}"
	}
	return open + w.pipeline(depth) + end
}

func (w *inputWriter) pipeline(depth int) string {
	out := w.operand(depth)
	for w.chance(30) {
		out += " | " + pick(w, w.unary()...)
	}
	if w.chance(50) {
		out = w.call(depth)
	}
	return out
}

func (w *inputWriter) call(depth int) string {
	name := pick(w, w.callable()...)
	if w.chance(20) {
		name = pick(w, builtins...)
	}
	f := w.set.functions()[name]
	if f == nil {
		args := ""
		for range 1 + w.rng.IntN(3) {
			args += " " + w.operand(depth-1)
		}
		return name + args
	}
	t := reflect.TypeOf(f)
	n := t.NumIn()
	if t.IsVariadic() {
		n += w.rng.IntN(3) - 1
	}
	args := ""
	for i := range n {
		in := t.In(min(i, t.NumIn()-1))
		if t.IsVariadic() && i >= t.NumIn()-1 {
			in = t.In(t.NumIn() - 1).Elem()
		}
		args += " " + w.argument(in, depth-1)
	}
	return name + args
}

// argument fits the type, mostly.
func (w *inputWriter) argument(t reflect.Type, depth int) string {
	if w.chance(5) {
		return w.operand(depth)
	}
	switch t.Kind() {
	case reflect.String:
		return w.text()
	case reflect.Int, reflect.Int64:
		return strconv.Itoa(w.rng.IntN(12) - 2)
	case reflect.Float64:
		return pick(w, "1.5", "0.1", "-2.25", "1e21", "3.0")
	case reflect.Bool:
		return pick(w, "true", "false")
	case reflect.Map:
		return pick(w, `(dict "a" 1)`, "(fromJson .j)", `(dict "a" "x" "b" (list 1 2))`, "(dict)", ".")
	case reflect.Slice:
		return pick(w, `(list "a" "b")`, `(list)`, "(fromJson .j).l")
	}
	return w.operand(depth)
}

func (w *inputWriter) text() string {
	return pick(w, ".x", ".y", ".j", `"a"`, `""`, `","`, `"a,b,a"`, `" a b\n"`, `"é😀"`, `"<a href='x'>&\""`, `"YQ=="`, `"{\"a\":[1,null,\"x\"]}"`, `"10"`, `"1.9"`, `"%d %s %v"`, `"(a)(b*)"`, `"[a-"`, `"k: v\nl: [1, 2]\n"`, `"2006-01-02"`, `"/a/b.c"`, `"3.2.1"`, `"aBc dEf"`, "`a_b-c d`")
}

func (w *inputWriter) operand(depth int) string {
	if depth > 0 && w.chance(45) {
		return "(" + w.call(depth) + ")"
	}
	switch w.rng.IntN(12) {
	case 0, 1, 2:
		return w.text()
	case 3:
		return strconv.Itoa(w.rng.IntN(400) - 100)
	case 4:
		return pick(w, "1.5", "-0.1", "1e9", "2.0", strconv.Itoa(math.MaxInt32), "9007199254740993", "0x1f", "010", "'a'")
	case 5:
		return pick(w, "true", "false")
	case 6:
		return pick(w, "(fromJson .j)", "(fromJson .j).a", "(fromJson .x)", `(index . "a-b")`, "(fromYaml .y)", `(fromJson "[1,2.5,\"x\",null,true,{\"k\":1e21}]")`)
	case 7:
		return fmt.Sprintf("(list %s %s)", w.operand(0), w.operand(0))
	case 8:
		return fmt.Sprintf("(dict %s %s)", w.text(), w.operand(0))
	case 9:
		return pick(w, ".", "$", ".nope", "$.x", "nil")
	}
	return pick(w, ".x", ".y", ".j")
}
