package lodash

import "text/template/parse"

// builtin: text/template's own functions, which every ESO version has.
var builtin = map[string]bool{
	"and": true, "or": true, "not": true, "eq": true, "ne": true, "lt": true, "le": true, "gt": true, "ge": true,
	"index": true, "len": true, "print": true, "printf": true, "html": true, "urlquery": true,
}

// functions lists the template functions that a tree calls.
func functions(n parse.Node) []string {
	var names []string
	add := func(nodes ...parse.Node) {
		for _, n := range nodes {
			names = append(names, functions(n)...)
		}
	}
	branch := func(b *parse.BranchNode) {
		add(b.Pipe, b.List)
		if b.ElseList != nil {
			add(b.ElseList)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		add(n.Nodes...)
	case *parse.ActionNode:
		add(n.Pipe)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			add(c.Args...)
		}
	case *parse.TemplateNode:
		if n.Pipe != nil {
			add(n.Pipe)
		}
	case *parse.ChainNode:
		add(n.Node)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.IdentifierNode:
		names = append(names, n.Ident)
	}
	return names
}
