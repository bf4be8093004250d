package render

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
)

// maxEvaluation caps how deep expressions may be in evaluation. jsonnet's own
// limit is on calls, tail calls aside, but each of these takes its part of the
// process's stack, too, and at its end the process dies: about 240,000 deep,
// measured with go-jsonnet 0.22.
const maxEvaluation = 100_000

// limit ends an evaluation that nests too deeply or lasts too long.
type limit struct {
	ctx   context.Context
	depth int
	steps uint
	err   error
}

// attach puts l between the steps of a machine. The library has a hook there,
// for its debugger, but exports only the type: hence the detour, which a test
// and a check of the types hold to the version that go.mod names. The two
// function types differ from the library's in names of types only, so they are
// called in the same way.
func (l *limit) attach(vm *jsonnet.VM) error {
	t := reflect.TypeOf(vm.EvalHook)
	node, failure := reflect.TypeFor[ast.Node](), reflect.TypeFor[error]()
	fits := func(i int, in ...reflect.Type) bool {
		f := t.Field(i).Type
		if f.Kind() != reflect.Func || f.NumIn() != len(in) || f.NumOut() > 0 {
			return false
		}
		for j, want := range in {
			if have := f.In(j); want != nil && have != want {
				return false
			}
		}
		return f.In(0).Kind() == reflect.Pointer
	}
	if t.NumField() != 2 || !fits(0, nil, node) || !fits(1, nil, node, nil, failure) || t.Field(1).Type.In(2).Kind() != reflect.Interface {
		return errors.New("jsonnet: this version of the library can't be stopped")
	}
	hook := unsafe.Pointer(&vm.EvalHook)
	*(*func(unsafe.Pointer, ast.Node))(hook) = l.enter
	*(*func(unsafe.Pointer, ast.Node, error, error))(unsafe.Add(hook, t.Field(1).Offset)) = l.leave
	return nil
}

// enter panics at a limit, since a hook has no result; the machine recovers.
func (l *limit) enter(unsafe.Pointer, ast.Node) {
	l.depth++
	if l.depth > maxEvaluation && l.err == nil {
		l.err = fmt.Errorf("evaluation nests more than %d deep", maxEvaluation)
	}
	if l.steps++; l.steps%1024 == 0 && l.err == nil {
		l.err = context.Cause(l.ctx)
	}
	if l.err != nil {
		panic(l.err)
	}
}

// leave's third parameter is a value of the library's own interface, not an
// error; it isn't looked at.
func (l *limit) leave(unsafe.Pointer, ast.Node, error, error) { l.depth-- }
