package lodash

import (
	"reflect"
	"slices"
	"strings"
	"text/template/parse"

	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/token"
)

// A supplied template is a Go template that the user gives for a piece of code, or
// for a whole text: it prints what KES printed there. All else of the text is
// translated as ever. It is taken apart and written anew, so that its trim markers
// don't reach into the text around it and its variables aren't those of the
// translation.

// Normal is a text as supplied templates compare it: without the blanks inside of
// the delimiters.
func Normal(text string) string {
	var b strings.Builder
	at := 0
	for _, e := range Scan(text) {
		opening, closing := "<%", "%>"
		switch e.Kind {
		case Escape:
			opening = "<%-"
		case Interpolate:
			opening = "<%="
		case ESInterpolate:
			opening, closing = "${", "}"
		}
		b.WriteString(text[at:e.Start] + opening + " " + strings.TrimSpace(e.Code) + " " + closing)
		at = e.End
	}
	return b.String() + text[at:]
}

// Reads lists the keys of data that a Go template names, sorted. all: it uses data
// as a whole. Inside of range and with dot is something else.
func Reads(template string) (keys []string, all bool) {
	tree, err := parseSupplied(template)
	if err != nil {
		return nil, false
	}
	r := &reader{}
	r.list(tree.Root, false)
	slices.Sort(r.keys)
	return slices.Compact(r.keys), r.all
}

func parseSupplied(text string) (*parse.Tree, error) {
	tree := parse.New("template")
	tree.Mode = parse.SkipFuncCheck
	return tree.Parse(text, "", "", map[string]*parse.Tree{})
}

// reader looks for what a template reads.
type reader struct {
	keys []string
	all  bool
}

func (r *reader) list(n *parse.ListNode, rebound bool) {
	if n == nil {
		return
	}
	for _, n := range n.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			r.pipe(n.Pipe, rebound)
		case *parse.IfNode:
			r.pipe(n.Pipe, rebound)
			r.list(n.List, rebound)
			r.list(n.ElseList, rebound)
		case *parse.RangeNode:
			r.pipe(n.Pipe, rebound)
			r.list(n.List, true)
			r.list(n.ElseList, rebound)
		case *parse.WithNode:
			r.pipe(n.Pipe, rebound)
			r.list(n.List, true)
			r.list(n.ElseList, rebound)
		}
	}
}

func (r *reader) pipe(p *parse.PipeNode, rebound bool) {
	for _, c := range p.Cmds {
		args := c.Args
		if key, ok := indexed(args); ok && (!rebound || args[1].String() == "$") {
			r.keys = append(r.keys, key)
			args = args[3:]
		}
		for _, a := range args {
			r.operand(a, rebound)
		}
	}
}

// indexed: `index . "key"`.
func indexed(args []parse.Node) (string, bool) {
	if len(args) < 3 || args[0].String() != "index" || args[1].String() != "." && args[1].String() != "$" {
		return "", false
	}
	s, ok := args[2].(*parse.StringNode)
	if !ok {
		return "", false
	}
	return s.Text, true
}

func (r *reader) operand(n parse.Node, rebound bool) {
	switch n := n.(type) {
	case *parse.FieldNode:
		if !rebound {
			r.keys = append(r.keys, n.Ident[0])
		}
	case *parse.VariableNode:
		switch {
		case n.Ident[0] != "$":
		case len(n.Ident) == 1:
			r.all = true
		default:
			r.keys = append(r.keys, n.Ident[1])
		}
	case *parse.DotNode:
		r.all = r.all || !rebound
	case *parse.PipeNode:
		r.pipe(n, rebound)
	case *parse.ChainNode:
		r.operand(n.Node, rebound)
	}
}

// supply looks for supplied templates: for the whole text, or for each piece.
func (t *translator) supply() (whole *parse.Tree) {
	if t.target.Supplied == nil {
		return nil
	}
	if tree := t.suppliedFor(0, t.text); tree != nil {
		return tree
	}
	for _, e := range t.pieces {
		if e.Kind == Evaluate || e.Code == "" {
			continue // it prints nothing that could be supplied
		}
		if tree := t.suppliedFor(e.Start, t.text[e.Start:e.End]); tree != nil {
			t.supplied[e.Start] = tree
		}
	}
	return nil
}

func (t *translator) suppliedFor(at int, expr string) *parse.Tree {
	text, ok := t.target.Supplied(expr)
	if !ok {
		return nil
	}
	tree, err := parseSupplied(text)
	if err != nil {
		t.refused = append(t.refused, &Refused{Offset: at, Expr: expr, Reason: "what is supplied for it is no Go template: " + err.Error()})
		return nil
	}
	t.reserve(reflect.ValueOf(tree.Root), map[uintptr]bool{})
	return tree
}

// reserve keeps the translation's own variables apart from the user's.
func (t *translator) reserve(v reflect.Value, seen map[uintptr]bool) {
	switch v.Kind() {
	case reflect.Interface:
		t.reserve(v.Elem(), seen)
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return
		}
		seen[v.Pointer()] = true
		if n, ok := v.Interface().(*parse.VariableNode); ok {
			t.names[strings.TrimPrefix(n.Ident[0], "$")] = true
		}
		t.reserve(v.Elem(), seen)
	case reflect.Slice:
		for i := range v.Len() {
			t.reserve(v.Index(i), seen)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				t.reserve(v.Field(i), seen)
			}
		}
	}
}

// suppliedAt finds the supplied template of an operand that lodash wrote, whose
// code is given.
func (t *translator) suppliedAt(e, code ast.Expression) *parse.Tree {
	if len(t.supplied) == 0 {
		return nil
	}
	// Where lodash's own text ends the code begins, whatever it is wrapped in.
	at := offset(e.Idx0())
	for _, s := range t.spans {
		if s.source >= at {
			tree := t.supplied[s.piece.Start]
			if tree != nil {
				t.onlyPrints(code)
			}
			return tree
		}
	}
	return nil
}

// onlyPrints refuses code whose effects the rest of the text sees: a template in
// its place hasn't got them.
func (t *translator) onlyPrints(code any) {
	changes := func(target ast.Expression) {
		switch name := rootName(target); {
		case name == "data":
			t.refuse(target, "it changes data, which later templates of the same object would see")
		case name != "" && t.lookup(name) != nil:
			t.refuse(target, "it changes %s, which a template in its place would not: supply one for the whole text", name)
		}
	}
	walk(reflect.ValueOf(code), func(n any) {
		switch n := n.(type) {
		case *ast.AssignExpression:
			changes(n.Left)
		case *ast.UnaryExpression:
			if n.Operator == token.INCREMENT || n.Operator == token.DECREMENT || n.Operator == token.DELETE {
				changes(n.Operand)
			}
		}
	})
}

// wholeSupplied writes the supplied template of the whole text. Its JavaScript is
// only looked at for what other texts of the object would see.
func (t *translator) wholeSupplied(tree *parse.Tree) {
	if p, err := compile(t.text); err == nil {
		t.program = p
		t.onlyPrints(p.body)
	}
	if t.target.Base64 {
		t.suppliedBase64(tree)
		return
	}
	t.showSupplied(tree)
}

// showSupplied writes a supplied template where the translation is.
func (t *translator) showSupplied(tree *parse.Tree) {
	if t.ranges > 0 { // dot is data in it
		t.do("range list $")
		defer t.do("end")
	}
	t.nodes(tree.Root)
}

func (t *translator) nodes(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.TextNode:
			t.print(string(n.Text))
		case *parse.ActionNode:
			switch {
			case len(n.Pipe.Decl) > 0 || t.sink == "":
				t.do("%s", n.Pipe)
			default:
				t.do("%s = print %s (%s)", t.sink, t.sink, n.Pipe)
			}
		case *parse.IfNode:
			t.control("if", &n.BranchNode)
		case *parse.RangeNode:
			t.control("range", &n.BranchNode)
		case *parse.WithNode:
			t.control("with", &n.BranchNode)
		case *parse.BreakNode:
			t.do("break")
		case *parse.ContinueNode:
			t.do("continue")
		default: // config refuses the rest
			panic(refusal{&Refused{Expr: t.text, Reason: "what is supplied holds " + n.String()}})
		}
	}
}

func (t *translator) control(word string, n *parse.BranchNode) {
	t.do("%s %s", word, n.Pipe)
	t.nodes(n.List)
	if n.ElseList != nil {
		t.do("else")
		t.nodes(n.ElseList)
	}
	t.do("end")
}

// suppliedBase64 writes what the API server makes of a supplied template's base64,
// without a final b64enc where that is all there is.
func (t *translator) suppliedBase64(tree *parse.Tree) {
	if pipe, ok := encoded(tree); ok {
		t.do("%s", pipe)
		return
	}
	t.decodeResult(t.collect(func() { t.showSupplied(tree) }))
}

// encoded gives the pipeline that a template's only action encodes.
func encoded(tree *parse.Tree) (string, bool) {
	if len(tree.Root.Nodes) != 1 {
		return "", false
	}
	n, ok := tree.Root.Nodes[0].(*parse.ActionNode)
	if !ok || len(n.Pipe.Decl) > 0 {
		return "", false
	}
	cmds := n.Pipe.Cmds
	last := cmds[len(cmds)-1]
	if last.Args[0].String() != "b64enc" {
		return "", false
	}
	switch {
	case len(last.Args) == 1 && len(cmds) > 1:
		rest := n.Pipe.CopyPipe()
		rest.Cmds = rest.Cmds[:len(cmds)-1]
		return rest.String(), true
	case len(last.Args) == 2 && len(cmds) == 1:
		if inner, ok := last.Args[1].(*parse.PipeNode); ok {
			return inner.String(), true
		}
		return last.Args[1].String(), true
	}
	return "", false
}
