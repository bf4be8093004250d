package lodash

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template/parse"

	"github.com/dop251/goja/ast"
)

// translator walks the program and writes the Go template.
type translator struct {
	*program
	target  Target
	out     []item
	defines []string          // names of the blocks in blocks, in order of use
	folds   []string          // folding actions for the front
	folded  map[string]string // key -> variable, exact only
	names   map[string]bool   // Go variables in use
	notes   map[NoteKind]*Note
	mutable map[string]bool // Go variables that are assigned again
	refused []*Refused
	steps   *int // shared by attempts
	scope   *scope
	// sink is a Go variable that collects what would be printed.
	sink string
	// ranges counts the loops around the place: dot isn't data there.
	ranges int
	// branches counts the conditional code around the place: it may never run.
	branches int
	// loops counts the JavaScript loop bodies around the place, up to a function.
	loops int
	// supplied are the user's templates by the start of their pieces.
	supplied map[int]*parse.Tree
}

// item is text or an action of the result.
type item struct {
	s      string
	action bool
}

// text prints literal text.
func (t *translator) print(s string) {
	switch {
	case s == "":
	case t.sink != "":
		t.do("%s = print %s %s", t.sink, t.sink, quote(s))
	default:
		t.out = append(t.out, item{s: s})
	}
}

// show prints a Go pipeline that gives a string, an integer or a bool.
func (t *translator) show(pipeline string) {
	if t.sink != "" {
		t.do("%s = print %s %s", t.sink, t.sink, parens(pipeline))
		return
	}
	t.do("%s", pipeline)
}

// do adds an action.
func (t *translator) do(format string, args ...any) {
	t.out = append(t.out, item{fmt.Sprintf(format, args...), true})
}

// variable makes a new Go variable's name.
func (t *translator) variable(like string) string {
	if !goName.MatchString(like) {
		like = "v"
	}
	name := like
	for i := 2; t.names[name]; i++ {
		name = like + strconv.Itoa(i)
	}
	t.names[name] = true
	return "$" + name
}

var goName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// assign puts a pipeline into a new variable; a plain variable stays itself.
func (t *translator) assign(like, pipeline string) string {
	if strings.HasPrefix(pipeline, "$") && goName.MatchString(pipeline[1:]) && !t.mutable[pipeline] {
		return pipeline
	}
	v := t.variable(like)
	t.do("%s := %s", v, pipeline)
	return v
}

// once gives an operand that is cheap and short enough to be repeated at this
// place: a field, or a new variable.
func (t *translator) once(like, pipeline string) string {
	if !strings.ContainsAny(pipeline, " (`\"") {
		return pipeline
	}
	return t.assign(like, pipeline)
}

// failIf adds a guard: ESO's reconciliation fails, and the Secret stays as it is.
func (t *translator) failIf(condition, message string) {
	t.do("if %s", condition)
	t.do("fail %s", quote(message))
	t.do("end")
}

// collect runs f with what it prints going into a new string variable.
func (t *translator) collect(f func()) string {
	outer := t.sink
	v := t.variable("o")
	t.do(`%s := ""`, v)
	t.sink = v
	defer func() { t.sink = outer }()
	f()
	return v
}

// apart runs f and returns what it emitted instead of emitting it.
func (t *translator) apart(f func()) []item {
	outer := t.out
	t.out = nil
	defer func() { t.out = outer }()
	f()
	return t.out
}

// branch runs f as code that runs only sometimes, in a block of its own.
func (t *translator) branch(f func()) {
	t.branches++
	t.push()
	defer func() { t.branches--; t.pop() }()
	f()
}

// attempt evaluates without any effect, to learn a type.
func (t *translator) attempt(f func() value) (v value, ok bool) {
	saved, names, folded, notes := *t, clone(t.names), clone(t.folded), map[NoteKind]*Note{}
	t.notes = notes
	defer func() {
		e := recover()
		failed := len(t.refused) > len(saved.refused)
		*t = saved
		t.names, t.folded = names, folded
		if e != nil {
			if _, is := e.(refusal); !is {
				panic(e)
			}
		}
		ok = e == nil && !failed
	}()
	return f(), true
}

func clone[V any](m map[string]V) map[string]V {
	c := make(map[string]V, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// refusal is what refuse panics with; the nearest piece goes on with the next.
type refusal struct{ *Refused }

func (t *translator) refuse(n ast.Node, format string, args ...any) {
	at, expr := t.excerpt(n)
	panic(refusal{&Refused{Offset: at, Expr: expr, Reason: fmt.Sprintf(format, args...)}})
}

// never refuses what throws in KES too, if the place is reached for certain.
func (t *translator) never(n ast.Node, suggestion, format string, args ...any) {
	at, expr := t.excerpt(n)
	panic(refusal{&Refused{Offset: at, Expr: expr, Reason: fmt.Sprintf(format, args...), Never: t.branches == 0, Suggestion: suggestion}})
}

func (t *translator) suggest(n ast.Node, suggestion, format string, args ...any) {
	at, expr := t.excerpt(n)
	panic(refusal{&Refused{Offset: at, Expr: expr, Reason: fmt.Sprintf(format, args...), Suggestion: suggestion}})
}

// piece runs f and remembers its refusal, so that all are reported at once.
func (t *translator) piece(f func()) {
	defer func() {
		switch e := recover().(type) {
		case nil:
		case refusal:
			for _, r := range t.refused {
				if *r == *e.Refused {
					return
				}
			}
			if e.Reason != "" { // else: it follows from one that is reported
				t.refused = append(t.refused, e.Refused)
			}
		default:
			panic(e)
		}
	}()
	f()
}

// finish writes definitions, folds and the body.
func (t *translator) finish() string {
	var b strings.Builder
	for _, name := range t.defines {
		b.WriteString(blocks[name])
	}
	for _, f := range t.folds {
		b.WriteString(f)
	}
	for i := 0; i < len(t.out); {
		if t.out[i].action {
			b.WriteString("{{ " + t.out[i].s + " }}")
			i++
			continue
		}
		text := ""
		for ; i < len(t.out) && !t.out[i].action; i++ {
			text += t.out[i].s
		}
		text = strings.ReplaceAll(text, "{{", `{{ "{{" }}`)
		// A brace that touches the next action would be read as part of it.
		if strings.HasSuffix(text, "{") && i < len(t.out) {
			text = text[:len(text)-1] + `{{ "{" }}`
		}
		b.WriteString(text)
	}
	return b.String()
}

// quote writes a Go string literal; raw where that is easier to read.
func quote(s string) string {
	if strings.Contains(s, `\`) && !strings.ContainsFunc(s, func(r rune) bool { return r == '`' || r < ' ' || r > '~' }) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

// parens makes a pipeline an operand.
func parens(s string) string {
	if strings.HasPrefix(s, "(") || strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "`") {
		if balanced(s) {
			return s
		}
	} else if !strings.ContainsAny(s, " |") {
		return s
	}
	return "(" + s + ")"
}

// balanced: s is one literal or one parenthesis. Literals never hold quotes of
// their own kind unescaped (quote).
func balanced(s string) bool {
	depth, literal := 0, byte(0)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case literal == '"' && c == '\\':
			i++
		case literal != 0:
			if c == literal {
				literal = 0
			}
		case c == '"' || c == '`':
			literal = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if depth == 0 && literal == 0 {
			return i == len(s)-1
		}
	}
	return false
}

// check parses the result, as a last line of defence, and asks for each function
// that it uses.
func check(text, out string, has func(string) bool) *Refused {
	tree := parse.New("value")
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(out, "", "", trees); err != nil {
		return &Refused{Expr: text, Reason: "the translation is no Go template: " + err.Error()}
	}
	if has == nil {
		return nil
	}
	for _, tr := range trees {
		for _, name := range functions(tr.Root) {
			if !has(name) && !builtin[name] {
				return &Refused{Expr: text, Reason: fmt.Sprintf("it needs the template function %s, which this ESO version hasn't", name)}
			}
		}
	}
	return nil
}
