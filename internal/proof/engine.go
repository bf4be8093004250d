package proof

import (
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync"
	"time"

	"github.com/dop251/goja"
)

//go:embed kes.js
var kesJS string

var kesProgram = sync.OnceValue(func() *goja.Program { return goja.MustCompile("kes.js", kesJS, false) })

// The bounds of one run of hostile code. Node has none, so reaching one is
// not provable.
const (
	maxRun       = 2 * time.Second
	pace         = 20 * time.Millisecond
	grace        = 500 * time.Millisecond
	maxCallDepth = 2000
	maxHeap      = 1 << 30
	maxOutput    = 1 << 22
)

// engine is a JavaScript world with what Node and KES have in it.
type engine struct {
	vm            *goja.Runtime
	fetch, render goja.Callable
	parse, bytes  goja.Callable
	trapped       *unsureError
	// get and byPath are the backend of the item that is being fetched.
	get, byPath func() goja.Value
}

func newEngine() *engine {
	e := &engine{vm: goja.New()}
	e.vm.SetMaxCallStackSize(maxCallDepth)
	main, err := e.vm.RunProgram(kesProgram())
	if err != nil {
		panic(err) // kes.js is ours
	}
	call, _ := goja.AssertFunction(main)
	native := e.vm.NewObject()
	for name, f := range map[string]func(goja.FunctionCall) goja.Value{
		"parse": e.jsonParse, "trap": e.trapCall, "decode": e.decode, "encode": e.encode,
		"get":        func(goja.FunctionCall) goja.Value { return e.get() },
		"getByPath":  func(goja.FunctionCall) goja.Value { return e.byPath() },
		"isEncoding": e.isEncoding, "dump": e.dump, "load": e.load,
	} {
		_ = native.Set(name, f)
	}
	v, err := call(goja.Undefined(), native)
	if err != nil {
		panic(err)
	}
	api := v.ToObject(e.vm)
	e.fetch, _ = goja.AssertFunction(api.Get("fetchOne"))
	e.render, _ = goja.AssertFunction(api.Get("render"))
	e.bytes, _ = goja.AssertFunction(api.Get("bytes"))
	e.parse, _ = goja.AssertFunction(api.Get("jsonParse"))
	return e
}

// trap stops the run; no catch in the template's code holds it up.
func (e *engine) trap(why string) {
	if e.trapped == nil {
		e.trapped = &unsureError{why: why}
	}
	e.vm.Interrupt(e.trapped)
}

func (e *engine) trapCall(call goja.FunctionCall) goja.Value {
	e.trap("KES's JavaScript uses " + call.Argument(0).String())
	return goja.Undefined()
}

func (e *engine) throw(kind, msg string) {
	ctor := e.vm.GlobalObject().Get(kind)
	o, err := e.vm.New(ctor, e.vm.ToValue(msg))
	if err != nil {
		panic(e.vm.NewTypeError(msg))
	}
	panic(o)
}

func (e *engine) jsonParse(call goja.FunctionCall) goja.Value {
	r := &jsonReader{vm: e.vm, text: units(call.Argument(0))}
	v, ok := r.parse()
	if !ok {
		if r.depth > maxJSONDepth {
			e.trap("JSON nested deeper than " + fmt.Sprint(maxJSONDepth))
			return goja.Undefined()
		}
		e.throw("SyntaxError", "Unexpected token in JSON")
	}
	return v
}

func (e *engine) decode(call goja.FunctionCall) goja.Value {
	name, ok := encodingName(call.Argument(1).String())
	if !ok {
		e.throw("TypeError", "Unknown encoding: "+call.Argument(1).String())
	}
	return e.vm.ToValue(e.vm.NewArrayBuffer(decodeText(units(call.Argument(0)), name)))
}

func (e *engine) encode(call goja.FunctionCall) goja.Value {
	name, ok := encodingName(call.Argument(3).String())
	if !ok {
		e.throw("TypeError", "Unknown encoding: "+call.Argument(3).String())
	}
	buf, _ := call.Argument(0).Export().(goja.ArrayBuffer)
	start, n := int(call.Argument(1).ToInteger()), int(call.Argument(2).ToInteger())
	return goja.StringFromUTF16(encodeBytes(buf.Bytes()[start:start+n], name))
}

func (e *engine) isEncoding(call goja.FunctionCall) goja.Value {
	_, ok := encodingName(call.Argument(0).String())
	return e.vm.ToValue(ok)
}

// again makes the engine ready for the next case after one that was stopped.
func (e *engine) again() *engine {
	e.trapped = nil
	e.vm.ClearInterrupt()
	return e
}

// bounded runs f, which calls into the vm, within the bounds.
func (e *engine) bounded(f func() error) error {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- &unsureError{why: fmt.Sprintf("the JavaScript engine gave up: %v", p), fatal: true}
			}
		}()
		done <- e.explain(f())
	}()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	// Ticks are counted, not the clock: while the machine stands still, or has
	// no time for this process, the template doesn't run either.
	for ran := pace; ; ran += pace {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			switch {
			case ran > maxRun+grace:
				// A native call that can't be interrupted: its goroutine is given up.
				return &unsureError{why: "the template's JavaScript doesn't end", fatal: true}
			case ran > maxRun:
				e.vm.Interrupt(&unsureError{why: "the template's JavaScript doesn't end", fatal: true})
			case heap() > maxHeap && collected() > maxHeap:
				e.vm.Interrupt(&unsureError{why: "the template's JavaScript takes too much memory", fatal: true})
			}
		}
	}
}

// collected is heap without the garbage, most of which others may have left.
func collected() uint64 {
	runtime.GC()
	return heap()
}

func heap() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// explain makes typed errors of goja's.
func (e *engine) explain(err error) error {
	if err == nil {
		if e.trapped != nil {
			return e.trapped
		}
		return nil
	}
	if u := (*unsureError)(nil); errors.As(err, &u) {
		return u
	}
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var exception *goja.Exception
	switch {
	case e.trapped != nil:
		return e.trapped
	case errors.As(err, &interrupted):
		if u, ok := interrupted.Value().(*unsureError); ok {
			return u
		}
		return &unsureError{why: "the template's JavaScript was stopped", fatal: true}
	case errors.As(err, &overflow):
		return &unsureError{why: "the template's JavaScript recurses deeper than can be followed", fatal: true}
	case errors.As(err, &exception):
		return failf("%s", thrown(exception.Value()))
	}
	return failf("the JavaScript engine fails")
}

// thrown says what was thrown, without its toString, which may be the
// template's.
func thrown(v goja.Value) string {
	o, ok := v.(*goja.Object)
	if !ok {
		if v == nil {
			return "exception"
		}
		return v.String()
	}
	text := "exception"
	for i, name := range []string{"name", "message"} {
		if s := o.Get(name); s != nil && goja.IsString(s) {
			if i == 0 {
				text = s.String()
			} else {
				text += ": " + s.String()
			}
		}
	}
	return text
}
