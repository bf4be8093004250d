package handover

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestJournal: what is noted is read again; a line that a crash cut off is left
// out and doesn't swallow the next; nobody else may read the file.
func TestJournal(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a", "b", "j.jsonl")
	j, err := OpenJournal(name, Who{Cluster: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.note(Entry{Step: StepBegin, Namespace: "n", Secret: "s", SecretUID: "u", KES: []byte(`{"kind":"ExternalSecret"}`)}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"time":"2026-01-01T00:00:00Z","run":"x","kes":{"a":{}`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if j, err = OpenJournal(name, Who{Cluster: "c"}); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := j.note(Entry{Step: StepDone, Namespace: "n", Secret: "s", SecretUID: "u"}); err != nil {
		t.Fatal(err)
	}
	j.Close()
	past, err := ReadJournal(name)
	if err != nil || len(past) != 2 || past[0].Step != StepBegin || past[1].Step != StepDone {
		t.Fatalf("%v %v", past, err)
	}
	old := &Journal{past: past[:1], who: Who{Cluster: "c"}}
	if old.begun("n", "s", "u") == nil || old.begun("n", "s", "other") != nil {
		t.Error("what was begun isn't found")
	}
	if done := (&Journal{past: past, who: Who{Cluster: "c"}}); done.begun("n", "s", "u") != nil || len(done.saved("c")) != 1 || len(done.saved("d")) != 0 {
		t.Error("what was done counts as begun")
	}
}

// TestJournalErrors: a file that is no journal is not written to.
func TestJournalErrors(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(name, []byte("shopping: milk\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *JournalError
	if _, err := OpenJournal(name, Who{}); !errors.As(err, &bad) || bad.Line != 1 {
		t.Errorf("got %v", err)
	}
	if _, err := OpenJournal(dir, Who{}); !errors.As(err, &bad) {
		t.Errorf("got %v", err)
	}
	if j, err := LoadJournal(filepath.Join(dir, "none")); err != nil || len(j.past) != 0 {
		t.Errorf("got %v", err)
	}
}

// TestDigest: it depends on keys and values and on where one ends, and not on
// anything else; the same data of two Secrets has two digests.
func TestDigest(t *testing.T) {
	data := map[string][]byte{"a": []byte("bc"), "d": nil}
	d, err := digestOf(data, "")
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := d.fits(map[string][]byte{"d": {}, "a": []byte("bc")}); !ok || err != nil {
		t.Errorf("the same data differs: %v", err)
	}
	for _, other := range []map[string][]byte{nil, {"a": []byte("bc")}, {"ab": []byte("c"), "d": nil}, {"a": []byte("bd"), "d": nil}, {"a": []byte("b"), "cd": nil}} {
		if ok, _ := d.fits(other); ok {
			t.Errorf("%v has the same digest", other)
		}
	}
	if e, _ := digestOf(data, ""); e.Sum == d.Sum || e.Salt == d.Salt {
		t.Error("two digests are the same")
	}
	if strings.Contains(d.Sum, "bc") && len(d.Sum) != 64 {
		t.Error(d.Sum)
	}
}
