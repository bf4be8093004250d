package manifest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"
)

// onlyReader hides everything but Read.
type onlyReader struct{ io.Reader }

const mixed = "---\n" + cm + "---\n" + `{"apiVersion":"kubernetes-client.io/v1","metadata":{"name":"x"}}` + "\n---\n" + cm

var mixedWant = "---\n" + cm + "---\n" + jsonOut("x") + "\n---\n" + cm

func TestReaders(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.yaml")
	if err := os.WriteFile(path, []byte("skipped\n"+mixed), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	partly := strings.NewReader("skipped\n" + mixed)
	if _, err := partly.Seek(8, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]io.Reader{
		"file":          f,
		"partly read":   partly,
		"bytes":         bytes.NewReader([]byte(mixed)),
		"section":       io.NewSectionReader(strings.NewReader("skipped\n"+mixed), 8, int64(len(mixed))),
		"bytes.Buffer":  bytes.NewBufferString(mixed),
		"byte for byte": iotest.OneByteReader(strings.NewReader(mixed)),
	} {
		got, _, err := transformWith(&Transformer{Groups: testGroups, Visit: byName}, r)
		if err != nil || got != mixedWant {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}

func TestSpool(t *testing.T) {
	for memory := range int64(len(mixed) + 2) {
		tr := &Transformer{Groups: testGroups, Visit: byName, SpoolMemory: memory, TempDir: t.TempDir()}
		for name, r := range map[string]io.Reader{
			"spooled": onlyReader{strings.NewReader(mixed)},
			"bytes":   strings.NewReader(mixed), // only what is printed is spooled
			"chunks":  io.MultiReader(strings.NewReader(mixed[:9]), strings.NewReader(mixed[9:])),
		} {
			got, _, err := transformWith(tr, r)
			if err != nil || got != mixedWant {
				t.Errorf("%s, %d bytes of memory: %v\n%s", name, memory, err, got)
			}
		}
		if left, _ := os.ReadDir(tr.TempDir); len(left) > 0 {
			t.Errorf("left %v behind", left)
		}
	}
	tr := &Transformer{Groups: testGroups, Visit: byName, SpoolMemory: 1, TempDir: filepath.Join(t.TempDir(), "none")}
	if _, _, err := transformWith(tr, onlyReader{strings.NewReader(mixed)}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a folder for temporary files: %v", err)
	}
}

func TestWriteTwice(t *testing.T) {
	tr := &Transformer{Groups: testGroups, Visit: byName}
	p, err := tr.Plan(context.Background(), Input{Name: "in", R: onlyReader{strings.NewReader(mixed)}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range 2 {
		var b bytes.Buffer
		if _, err := p.WriteTo(&b); err != nil || b.String() != mixedWant {
			t.Errorf("%v\n%s", err, b.String())
		}
	}
}

func TestChangedFile(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"longer":    func(path string) error { return os.WriteFile(path, []byte(mixed+"# more\n"), 0o600) },
		"shorter":   func(path string) error { return os.Truncate(path, 10) },
		"same size": func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
	} {
		path := filepath.Join(t.TempDir(), "in.yaml")
		if err := os.WriteFile(path, []byte(mixed), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var changed *ChangedError
		tr := &Transformer{Groups: testGroups, Visit: func(*Object) (Result, error) { return Result{}, change(path) }}
		if _, err := tr.Plan(context.Background(), Input{Name: "in.yaml", R: f}); !errors.As(err, &changed) {
			t.Errorf("%s during the plan: %v", name, err)
		}
		if err := os.WriteFile(path, []byte(mixed), 0o600); err != nil {
			t.Fatal(err)
		}
		tr.Visit = byName
		p, err := tr.Plan(context.Background(), Input{Name: "in.yaml", R: f})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		if n, err := p.WriteTo(io.Discard); !errors.As(err, &changed) || n != 0 {
			t.Errorf("%s before writing: %d, %v", name, n, err)
		}
	}
}

func TestRefusedInputs(t *testing.T) {
	utf16le := func(s string, bom string) string {
		b := []byte(bom)
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	var enc *EncodingError
	for _, in := range []string{utf16le(mixed, "\xff\xfe"), "\xfe\xff\x00a", "\xff\xfe\x00\x00a\x00\x00\x00", "\x00\x00\xfe\xff"} {
		if _, _, err := transform(in); !errors.As(err, &enc) {
			t.Errorf("%q: %v", in[:4], err)
		}
	}
	var large *TooLargeError
	for name, r := range map[string]io.Reader{"bytes": strings.NewReader(mixed), "spooled": onlyReader{strings.NewReader(mixed)}} {
		tr := &Transformer{Groups: testGroups, Visit: byName, MaxInput: int64(len(mixed) - 1)}
		if _, _, err := transformWith(tr, r); !errors.As(err, &large) {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if _, _, err := transformWith(&Transformer{}, dir); err == nil {
		t.Error("a directory is read")
	}
	broken := errors.New("broken")
	if _, _, err := transformWith(&Transformer{}, io.MultiReader(strings.NewReader("a"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("a read error becomes %v", err)
	}
	if _, _, err := transformWith(&Transformer{Groups: []string{""}}, strings.NewReader("a")); err == nil {
		t.Error("a group without a name is accepted")
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	visits := 0
	tr := &Transformer{Groups: testGroups, Visit: func(*Object) (Result, error) {
		visits++
		cancel()
		return Result{}, nil
	}}
	in := strings.Repeat("---\n"+kes("x"), 10)
	if _, err := tr.Plan(ctx, Input{Name: "in", R: strings.NewReader(in)}); !errors.Is(err, context.Canceled) || visits != 1 {
		t.Errorf("%v after %d visits", err, visits)
	}
	if _, err := tr.Plan(ctx, Input{Name: "in", R: onlyReader{strings.NewReader(in)}}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestVisitErrors(t *testing.T) {
	mine := errors.New("mine")
	for name, visit := range map[string]func(*Object) (Result, error){
		"error":          func(*Object) (Result, error) { return Result{}, mine },
		"nothing":        func(*Object) (Result, error) { return Result{Action: Replace}, nil },
		"unknown action": func(*Object) (Result, error) { return Result{Action: 7}, nil },
	} {
		_, _, err := transformWith(&Transformer{Groups: testGroups, Visit: visit}, strings.NewReader(mixed))
		if err == nil || name == "error" && !errors.Is(err, mine) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHugeDocumentIsNotHeld counts what is allocated for large documents that
// needn't be parsed.
func TestHugeDocumentIsNotHeld(t *testing.T) {
	quote := "    " + strings.ReplaceAll(kes("x"), "\n", "\n    ") + "\n"
	for name, in := range map[string]string{
		"ConfigMap":   cm + "data:\n  a: |\n" + strings.Repeat(quote, 150_000),
		"long line":   cm + "data: \"" + strings.Repeat("kubernetes-client.io/v1 ", 700_000) + "\"\n",
		"JSON lines":  strings.Repeat(`{"kind":"ConfigMap","data":{"a":"text"}}`+"\n", 400_000) + jsonKES("x") + "\n",
		"no marker":   strings.Repeat("---\n"+cm, 400_000),
		"marker last": strings.Repeat("---\n"+cm, 400_000) + "---\n" + kes("x"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := (&Transformer{Groups: testGroups, Visit: byName}).Plan(context.Background(), Input{Name: "in", R: strings.NewReader(in)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(io.Discard); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 || len(in) < 12<<20 {
			t.Errorf("%s: %d bytes allocated for %d", name, got, len(in))
		}
	}
}
