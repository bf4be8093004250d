package eso

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAltered: the simulated answers are like themselves, and each answer with
// anything wrong is counted as different.
func TestAltered(t *testing.T) {
	file := Write(t, "0.20.4", 11, 150)
	same := compare(t, func(in *Input) *Answer { return in.Answer }, file)
	if same.Different > 0 || same.Altered < 100 || same.Missed > 0 {
		t.Error(same)
	}
	for n := range alterations {
		rep := compare(t, func(in *Input) *Answer { return alter(in, n) }, file)
		total := 0
		for _, c := range rep.Compared {
			total += c
		}
		if rep.Different != total {
			t.Errorf("alteration %d: %d of %d noticed", n, rep.Different, total)
		}
	}
	t.Log(same)
}

// TestCheckReasons: a reason that isn't listed, and a listed one that doesn't
// occur, are errors.
func TestCheckReasons(t *testing.T) {
	rep := &Report{Unsure: map[string]int{"not provable: it uses now": 2, "not provable: other": 1}}
	for list, want := range map[string]int{"it uses,other": 0, "it uses": 1, "it uses,other,never": 1, "": 2} {
		r := &recorder{TB: t}
		CheckReasons(r, rep, strings.FieldsFunc(list, func(c rune) bool { return c == ',' }))
		if r.errors != want {
			t.Errorf("%q: %d errors, want %d", list, r.errors, want)
		}
	}
}

type recorder struct {
	testing.TB
	errors int
}

func (r *recorder) Errorf(string, ...any) { r.errors++ }
func (r *recorder) Helper()               {}

// TestEach: a broken file is an error.
func TestEach(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in.jsonl")
	if err := os.WriteFile(file, []byte("{\"kind\":\"decode\"}\n{"), 0o600); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := Each(file, func(*Input) { n++ }); err == nil || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}
