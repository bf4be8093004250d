package proof

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/dop251/goja"
	"github.com/dop251/goja/parser"

	"kesbridge/internal/kes"
)

// The committed table is testdata/gen.js 2600 1. A bigger one, for development:
//
//	NODE_PATH=... node testdata/gen.js 500000 7 > /tmp/answers.jsonl
//	go test ./internal/proof -run Answers -v -answers /tmp/answers.jsonl
var answersFile = flag.String("answers", "testdata/answers.jsonl", "real answers, from testdata/gen.js")

// TestAnswers compares the simulated KES with lodash, js-yaml and Node.
func TestAnswers(t *testing.T) {
	file, err := os.Open(*answersFile)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	jobs := make(chan []byte, 100)
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := map[string]int{}
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			shared := newEngine()
			for line := range jobs {
				kind := checkAnswer(t, shared, line)
				mu.Lock()
				count[kind]++
				mu.Unlock()
			}
		})
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		jobs <- append([]byte(nil), lines.Bytes()...)
	}
	close(jobs)
	wg.Wait()
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	t.Logf("%v", count)
	if count["equal"]+count["equal error"]+count["property"] < 2000 {
		t.Errorf("only %v compared", count)
	}
}

func checkAnswer(t *testing.T, shared *engine, line []byte) string {
	var a []json.RawMessage
	if err := json.Unmarshal(line, &a); err != nil {
		t.Error(err)
		return "broken"
	}
	if string(a[0]) == `"p"` {
		return checkProperty(t, shared, a)
	}
	var text string
	var stored map[string]string
	_ = json.Unmarshal(a[1], &text)
	_ = json.Unmarshal(a[2], &stored)
	got, err := renderOne(shared, text, stored)
	if u := (*unsureError)(nil); errors.As(err, &u) {
		return "not provable: " + strings.TrimPrefix(strings.SplitN(u.why, " of ", 2)[0], "KES's JavaScript uses ")
	}
	var want any
	_ = json.Unmarshal(a[3], &want)
	switch w := want.(type) {
	case nil:
		if err == nil {
			t.Errorf("%q with %v: lodash fails, got %q", text, stored, got)
		}
		return "equal error"
	case string:
		if err != nil || got != w {
			t.Errorf("%q with %v:\nlodash %q\n   got %q, %v", text, stored, w, got, err)
		}
		return "equal"
	}
	return "no string"
}

// renderOne runs one template as kesSim.render does.
func renderOne(shared *engine, text string, stored map[string]string) (any, error) {
	source, code := lodashSource(text)
	if source == "" {
		return text, nil
	}
	why, err := examine(source, code)
	if why != "" {
		return nil, &unsureError{why: why}
	}
	if err != nil {
		return nil, err
	}
	e := shared.again()
	if _, parseErr := parser.ParseFile(nil, "", "("+source+")", 0); parseErr == nil && !calm(source) {
		e = newEngine()
	}
	var entries []any
	for _, key := range []string{"x", "y", "z", "a-b", "j", "k", "f", "m"} {
		if v, ok := stored[key]; ok {
			b, _ := base64.StdEncoding.DecodeString(v)
			entries = append(entries, e.vm.NewArray(key, e.buffer(b)))
		}
	}
	var out any
	err = e.bounded(func() error {
		v, err := e.render(goja.Undefined(), e.vm.NewArray(entries...), e.vm.NewArray(source))
		if err != nil {
			return err
		}
		out, err = plainText(v.ToObject(e.vm).Get("0"))
		return err
	})
	return out, err
}

func checkProperty(t *testing.T, shared *engine, a []json.RawMessage) string {
	var doc, property, want string
	var binary bool
	_ = json.Unmarshal(a[1], &doc)
	_ = json.Unmarshal(a[2], &property)
	_ = json.Unmarshal(a[3], &binary)
	_ = json.Unmarshal(a[4], &want)
	text, _ := base64.StdEncoding.DecodeString(doc)
	in := &kes.ExternalSecret{Spec: kes.Spec{Backend: kes.SystemManager, Data: []kes.Item{{Key: "k", Name: "n", Property: &property, IsBinary: binary}}}}
	sim := &kesSim{in: in, calm: shared}
	sim.data = []fetchItem{sim.item(&in.Spec.Data[0])}
	res := sim.sync(&backend{values: map[address]string{{"k", ""}: string(text)}})
	got := "drop"
	switch {
	case res.err != nil:
		got = "fail"
	case res.unsure != "":
		got = res.unsure
	case res.secret.data["n"] != nil:
		got = base64.StdEncoding.EncodeToString(res.secret.data["n"])
	}
	if got != want {
		t.Errorf("property %q of %q, isBinary %t: lodash %q, got %q", property, text, binary, want, got)
	}
	return "property"
}
