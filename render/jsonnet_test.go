package render

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// jsonnetApp renders the directory "app" of a repository.
func jsonnetApp(root string, opt DirectoryOptions) (*Output, error) {
	return Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: root, Kind: Directory, Directory: opt})
}

const kCM = "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a'}"

func TestJsonnetResults(t *testing.T) {
	const y = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
	for _, c := range []struct{ in, want, err string }{
		{in: kCM + "}", want: y},
		{in: "[" + kCM + "}, " + kCM + "}]", want: y + "---\n" + y},
		{in: "[]", want: ""},
		{in: "null", want: ""}, // both are nothing to Argo CD, too
		{in: "[null, " + kCM + "}, if false then {}]", want: y},
		// A List stays one: it is taken apart as those of YAML files are.
		{in: "[{apiVersion: 'v1', kind: 'List', items: [" + kCM + "}]}]", want: "apiVersion: v1\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: a\nkind: List\n"},
		{in: kCM + ", data: {a: 'yes', c: '1e3', d: 'a: b\\n# c\\n', e: '2001-01-01', f: '012', h: 'ü', i: '=', j: '~', k: '1_000', l: '12:30'}}",
			want: "apiVersion: v1\ndata:\n  a: \"yes\"\n  c: \"1e3\"\n"},
		{in: kCM + ", n: [1, -0.5, 1e6, 1e20, 9007199254740993, null, true, {}, []]}", want: "\"n\":\n- 1\n- -0.5\n- 1000000\n- 1e+20\n- 9007199254740992\n- null\n- true\n- {}\n- []\n"},
		{in: "{}", err: "app/a.jsonnet: the result is an object without a kind"},
		{in: "[[" + kCM + "}]]", err: "app/a.jsonnet: element 0 of the result is an array, not an object"},
		{in: "[" + kCM + "}, 'x']", err: "app/a.jsonnet: element 1 of the result is a string, not an object"},
		{in: "'x'", err: "app/a.jsonnet: the result is a string, not an object"},
		{in: "1", err: "app/a.jsonnet: the result is not an object, but 1"},
		{in: "{a: " + kCM + "}}", err: "app/a.jsonnet: the result is an object without a kind"},
		{in: "{\n  kind: error 'no',\n}", err: "app/a.jsonnet:2:9: no"},
		{in: "{\n  a: [\n", err: "app/a.jsonnet:3:1: Unexpected end of file"},
		{in: "local f(x) =\n  f(x) + 1; f(1)", err: "app/a.jsonnet:2:3: max stack frames exceeded."},
		{in: "std.nope", err: "app/a.jsonnet:1:1: Field does not exist: nope"},
		{in: "x", err: "app/a.jsonnet:1:1: Unknown variable: x"},
		{in: "{a: std.native('x')()}", err: "app/a.jsonnet:1:5: Unexpected type null, expected function"},
		{in: "function(x) x", err: "app/a.jsonnet: Missing argument: x"},
		{in: "std.extVar('x')", err: "app/a.jsonnet:1:1: Undefined external variable: x"},
		{in: "import 'lib.libsonnet'", err: "app/lib.libsonnet:1:2: broken"},
		{in: "import 'bad.libsonnet'", err: "app/bad.libsonnet:2:1: "},
		{in: strings.Repeat("[", 1e6), err: "app/a.jsonnet: nested too deeply for jsonnet"},
		{in: strings.Repeat("{}", 1e6), err: "app/a.jsonnet: nested too deeply for jsonnet"},
		{in: "std.trace('to stderr', " + kCM + "})", want: y},
		// Not every string is printed so that all readers agree: then it is JSON.
		{in: kCM + ", data: {b: '\\u0085'}}", want: `{"apiVersion":"v1","data":{"b":"` + "\u0085" + `"},"kind":"ConfigMap","metadata":{"name":"a"}}` + "\n"},
		{in: "// +argocd:skip-file-rendering\nbroken", want: "-"},
	} {
		root := t.TempDir()
		write(t, root, map[string]string{"app/a.jsonnet": c.in, "app/lib.libsonnet": "[error 'broken'][0]", "app/bad.libsonnet": "{\n"})
		out, err := jsonnetApp(root, DirectoryOptions{})
		what := fmt.Sprintf("%.100s", c.in)
		if c.err != "" || err != nil {
			if err == nil || c.err == "" || !strings.HasPrefix(err.Error(), c.err) {
				t.Errorf("%s: error %v, want %s", what, err, c.err)
			}
			continue
		}
		if c.want == "-" {
			if len(out.Streams) > 0 || len(out.Skipped) != 1 {
				t.Errorf("%s: %+v", what, out)
			}
			continue
		}
		if len(out.Streams) != 1 || out.Streams[0].Name != "app/a.jsonnet" || !strings.Contains(string(out.Streams[0].Data), c.want) || c.want == "" && len(out.Streams[0].Data) > 0 {
			t.Errorf("%s: got %+v", what, out)
			continue
		}
		// What Argo CD's decoder reads is what it would read from the JSON.
		if _, err := isManifest("a.yaml", out.Streams[0].Data); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Variables, libraries and filters are Argo CD's.
func TestJsonnetOptions(t *testing.T) {
	files := map[string]string{
		"app/a.jsonnet":          "function(name, n=1) " + kCM + ", data: (import 'x.libsonnet') + {name: name, n: '%d' % n, e: std.extVar('e'), ec: std.extVar('ec').v, file: std.thisFile}}",
		"app/sub/b.jsonnet":      kCM + ", s: importstr 'x.libsonnet', b: importbin 'bin', r: import '../sub/y.libsonnet'}",
		"app/sub/y.libsonnet":    "'y'",
		"app/c.yaml":             cm,
		"vendor/one/x.libsonnet": "{x: 'one'}",
		"vendor/two/x.libsonnet": "{x: 'two'}",
		"vendor/two/bin":         "\x00\xff",
		"linked":                 "-> vendor/one",
	}
	vars := JsonnetOptions{
		TLAs:    []JsonnetVar{{Name: "name", Value: "1+1"}, {Name: "n", Value: "1+1", Code: true}},
		ExtVars: []JsonnetVar{{Name: "e", Value: "1+1"}, {Name: "ec", Value: "{v: 'c'}", Code: true}},
	}
	for _, c := range []struct {
		libs []string
		opt  DirectoryOptions
		want string
	}{
		{libs: []string{"vendor/one"}, want: "e: 1+1\n  ec: c\n  file: /app/a.jsonnet\n  \"n\": \"2\"\n  name: 1+1\n  x: one\n"},
		{libs: []string{"/vendor/two"}, want: "x: two"},
		{libs: []string{"vendor/one", "vendor/two"}, want: "x: two"}, // the last one first
		{libs: []string{"vendor/two", "linked"}, want: "x: one"},
		{libs: []string{"vendor/two"}, opt: DirectoryOptions{Recurse: true, Include: "sub/*"}, want: "b:\n- 0\n- 255\nkind: ConfigMap\nmetadata:\n  name: a\nr: \"y\"\ns: '{x: ''two''}'\n"},
	} {
		root := repo(t, files)
		c.opt.Jsonnet = vars
		c.opt.Jsonnet.Libs = c.libs
		out, err := jsonnetApp(root, c.opt)
		if err != nil || !strings.Contains(string(out.Streams[0].Data), c.want) {
			t.Errorf("%v: %v\n%+v", c.libs, err, out)
			continue
		}
		if c.opt.Include != "" && len(out.Streams) != 1 {
			t.Errorf("%+v", out.Streams)
		}
		again, err := jsonnetApp(root, c.opt)
		if err != nil || string(again.Streams[0].Data) != string(out.Streams[0].Data) {
			t.Errorf("%v: not the same bytes again", c.libs)
		}
	}
	// Code in an option may import from the libraries.
	root := repo(t, map[string]string{"app/a.jsonnet": "std.extVar('o')", "lib/o.libsonnet": kCM + "}"})
	if out, err := jsonnetApp(root, DirectoryOptions{Jsonnet: JsonnetOptions{Libs: []string{"lib"}, ExtVars: []JsonnetVar{{Name: "o", Value: "import 'o.libsonnet'", Code: true}}}}); err != nil {
		t.Errorf("%v %v", out, err)
	}
}

// Imports stay inside the repository and are regular files.
func TestJsonnetConfinement(t *testing.T) {
	type files = map[string]string
	for name, c := range map[string]struct {
		in    string
		files files
		libs  []string
	}{
		"relative":     {in: "importstr '../../secret.yaml'"},
		"absolute":     {in: "importstr '/etc/passwd'"},
		"code":         {in: "import '/etc/passwd'"},
		"binary":       {in: "importbin '../../secret.yaml'"},
		"link":         {in: "importstr 'l'", files: files{"app/l": "-> ../../secret.yaml"}},
		"link to /etc": {in: "importstr 'l'", files: files{"app/l": "-> /etc/passwd"}},
		"directory":    {in: "importstr 'd/secret.yaml'", files: files{"app/d": "-> ../../other"}},
		"chain":        {in: "importstr 'l'", files: files{"app/l": "-> m", "app/m": "-> ../../secret.yaml"}},
		"from library": {in: "import 'l.libsonnet'", files: files{"lib/l.libsonnet": "importstr '../../secret.yaml'"}, libs: []string{"lib"}},
		"library":      {in: "importstr 'secret.yaml'", libs: []string{"../other"}},
		"linked lib":   {in: "importstr 'secret.yaml'", files: files{"lib": "-> ../other"}, libs: []string{"lib"}},
		"itself":       {in: "-> ../../secret.jsonnet"},
	} {
		t.Run(name, func(t *testing.T) {
			all := files{"app/a.jsonnet": c.in}
			for n, data := range c.files {
				all[n] = data
			}
			root := repo(t, all)
			write(t, filepath.Dir(root), files{"secret.jsonnet": kCM + "}"})
			out, err := jsonnetApp(root, DirectoryOptions{Jsonnet: JsonnetOptions{Libs: c.libs}})
			var oe *OutsideError
			if !errors.As(err, &oe) {
				t.Fatalf("got %+v, error %v", out, err)
			}
			if strings.Contains(err.Error(), "top secret") || strings.Contains(err.Error(), filepath.Dir(root)) {
				t.Errorf("the error tells too much: %v", err)
			}
			var e *Error
			if len(c.libs) == 0 && c.in[0] != '-' && (!errors.As(err, &e) || e.Line == 0) {
				t.Errorf("the error has no place: %v", err)
			}
		})
	}
	// What is outside isn't even looked at, so the next library has its turn.
	root := repo(t, files{"app/a.jsonnet": "import '../../secret.yaml'", "a/b/c/keep": "", "a/secret.yaml": kCM + "}"})
	if out, err := jsonnetApp(root, DirectoryOptions{Jsonnet: JsonnetOptions{Libs: []string{"a/b/c"}}}); err != nil {
		t.Errorf("%+v %v", out, err)
	}
}

func TestJsonnetIrregular(t *testing.T) {
	root := repo(t, map[string]string{"app/a.jsonnet": "importstr 'f'", "app/d/x": ""})
	if err := syscall.Mkfifo(filepath.Join(root, "app", "f"), 0o600); err != nil {
		t.Skip(err)
	}
	var ie *IrregularError
	for _, in := range []string{"importstr 'f'", "import 'f'", "importbin 'f'", "importstr 'd'", "importstr 'd/..'"} {
		write(t, root, map[string]string{"app/a.jsonnet": in})
		if out, err := jsonnetApp(root, DirectoryOptions{}); !errors.As(err, &ie) {
			t.Errorf("%s: %+v %v", in, out, err)
		}
	}
	// With "/" as the root they are inside.
	for _, in := range []string{"importstr '/proc/self/environ'", "importbin '/dev/zero'", "import '/dev/null'", "importstr '/sys/kernel/notes'"} {
		write(t, root, map[string]string{"app/a.jsonnet": in})
		_, err := Render(context.Background(), Source{Dir: filepath.Join(root, "app"), Root: "/", Kind: Directory})
		if !errors.As(err, &ie) && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

// A program without end ends with the context, and so does its goroutine.
func TestJsonnetTime(t *testing.T) {
	for _, in := range []string{
		"local f(x) = if x < 0 then x else f(std.length(std.range(1, 100000))) tailstrict; f(1)",
		"std.foldl(function(a, b) a + std.foldl(function(a, b) a + b, std.range(1, 1000000), 0), std.range(1, 1000000), 0)",
	} {
		root := repo(t, map[string]string{"app/a.jsonnet": in})
		before := runtime.NumGoroutine()
		ctx, stop := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer stop()
		start := time.Now()
		_, err := Render(ctx, Source{Dir: filepath.Join(root, "app"), Root: root})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > time.Minute {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		for i := 0; runtime.NumGoroutine() > before && i < 1200; i++ {
			time.Sleep(50 * time.Millisecond)
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%d goroutines are left of %d", n, before)
		}
	}
}

// What would use up the process's stack is an error: tail calls don't count as
// calls, and one call may nest much.
func TestJsonnetStack(t *testing.T) {
	for _, in := range []string{
		"local f(x) = if x < 0 then x else f(x + 1) tailstrict; f(1)",
		"local f(x) = " + strings.Repeat("1+(", 3000) + "f(x)" + strings.Repeat(")", 3000) + "; f(1)",
		"local f(x) = " + strings.Repeat("!", 20000) + "f(x); f(1)",
	} {
		root := repo(t, map[string]string{"app/a.jsonnet": in})
		out, err := jsonnetApp(root, DirectoryOptions{})
		if err == nil || !strings.HasPrefix(err.Error(), "app/a.jsonnet: evaluation nests more than 100000 deep") {
			t.Errorf("%.50s: %+v %v", in, out, err)
		}
	}
	// Argo CD's limit on calls stays the one that programs meet.
	root := repo(t, map[string]string{"app/a.jsonnet": "local f(x) = if x > 20000 then " + kCM + "} else f(x + 1) tailstrict; f(1)"})
	if _, err := jsonnetApp(root, DirectoryOptions{}); err != nil {
		t.Error(err)
	}
}
