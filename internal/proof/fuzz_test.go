package proof

import (
	"errors"
	"testing"
	"time"
)

// FuzzTemplate: whatever a template says, it ends, in bounds.
func FuzzTemplate(f *testing.F) {
	// TestHostile runs the ones that wait for the bounds.
	for _, s := range append(hostile[12:14:14], `<%= JSON.parse(data.x).a %> ${data.x} <% print(1) %> <%- _ %>`, "<% a") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		start := time.Now()
		lodashText(text, map[string]string{"x": `{"a":"b"}`})
		if d := time.Since(start); d > time.Minute+4*(maxRun+grace) {
			t.Errorf("%q took %v", text, d)
		}
	})
}

var hostile = []string{
	"<% while (true) {} %>", "<% for (;;) print('x') %>", "<% let s = 'x'; for (;;) s += s %>",
	"<%= 'x'.repeat(1e9) %>", "<%= new Array(4e9).fill(0).join() %>", "<%= JSON.stringify(new Array(4e9)) %>",
	"<% (function f() { f() })() %>", "<% try { (function f() { f() })() } catch { for (;;) ; } %>",
	"<%= Array.from({length: 1e9}) %>", "<% const a = []; a.length = 4e9; a.indexOf(1) %>", "<%= 'a'.padStart(2e9) %>",
	"<% Object.defineProperty(data, 'x', {get() { for (;;) ; }}) %><%= data.x %>", "<% throw {toString() { for (;;) ; }} %>",
	"<%= JSON.parse('['.repeat(100000)) %>", "<% Array.prototype.map = function () { for (;;) ; } %><%= _.escape([1]) %>",
	"<%= Buffer.alloc(1e9) %>", "<%= '(((((((((((((((((((' %>", "<% eval('for(;;);') %>", "<% Promise.resolve().then(() => { for (;;) ; }) %>",
	"}; for (;;) ; {", "<% }; for (;;) ; { %>", "<% })(); while(1); (function(){ %>", "<%= /(a+)+$/.test('a'.repeat(30) + 'b') %>",
}

// TestHostile: code without an end is stopped and is not provable; nothing
// crashes or takes the memory.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the bounds")
	}
	for _, text := range hostile[:8] {
		start := time.Now()
		got := lodashText(text, map[string]string{"x": "v"})
		// Far beyond the bounds, so that it says whether there are any, not
		// how busy the machine is.
		if d := time.Since(start); got != "unsure" && got != "fail" || d > time.Minute+3*(maxRun+grace) {
			t.Errorf("%s: %q after %v", text, clip(got), d)
		}
	}
}

// TestTrapsHold: no catch of the template's swallows a trap.
func TestTrapsHold(t *testing.T) {
	for _, text := range []string{
		"<% try { Date } catch { } %>ok", "<% try { process.env } finally { %>ok<% return 'ok' } %>", "<%= typeof process %>",
		"<%= Math['random']() %>", "<%= [].constructor.constructor('return 1')() %>", "<% try { yaml.load('a: [') } catch { } %>ok",
	} {
		if got := lodashText(text, map[string]string{"x": "v"}); got != "unsure" {
			t.Errorf("%s: %q", text, got)
		}
	}
	e := newEngine()
	e.trap("x")
	if err := e.bounded(func() error { return nil }); !errors.As(err, new(*unsureError)) {
		t.Error(err)
	}
}
