package field

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
)

const (
	typesPackage = "pkg/apis/application/v1alpha1"
	oracle       = "v3.1.16" // as in go.mod
	newest       = "v3.6.1"
	// newestEnv asks for the newest v3 that there is, whatever it has.
	newestEnv = "KESBRIDGE_CONFORMANCE_NEWEST"
)

// ours are kesbridge's lean types and its lists. An internal package of
// another module can't be imported, so its text is read.
func ours(t *testing.T) (have Fields, lists map[string][]string) {
	t.Helper()
	s, err := Dir(filepath.Join("..", "..", "..", "internal", "argocd"))
	if err != nil {
		t.Fatal(err)
	}
	if have, err = s.Fields(Root); err != nil {
		t.Fatal(err)
	}
	lists = map[string][]string{}
	for _, name := range []string{"Unsupported", "Ignored"} {
		if lists[name], err = s.Keys(name); err != nil {
			t.Fatal(err)
		}
	}
	return have, lists
}

// check fails for each field of Argo CD's that kesbridge neither reads nor
// lists as unsupported, and for each that it reads in another form.
func check(t *testing.T, theirs Fields) {
	t.Helper()
	if len(theirs) < 50 {
		t.Fatalf("only %d fields of Argo CD's found", len(theirs))
	}
	have, lists := ours(t)
	for _, path := range slices.Sorted(maps.Keys(theirs)) {
		got, ok := have[path]
		switch {
		case ok && got != theirs[path]:
			t.Errorf("%s is %s, in kesbridge %s", path, theirs[path], got)
		case !ok && !slices.Contains(lists["Unsupported"], path) && !slices.Contains(lists["Ignored"], path):
			t.Errorf("%s (%s) is neither read nor listed as unsupported or ignored", path, theirs[path])
		}
	}
}

func TestOracle(t *testing.T) {
	check(t, Of(reflect.TypeFor[v1alpha1.ApplicationSource]()))
}

// The text says the same as the types themselves: so it can stand for them
// where they don't compile.
func TestTextSaysWhatTypesSay(t *testing.T) {
	fromTypes := Of(reflect.TypeFor[v1alpha1.ApplicationSource]())
	s, err := Module(t.Context(), "github.com/argoproj/argo-cd/v3", oracle, typesPackage)
	if err != nil {
		t.Fatal(err)
	}
	fromText, err := s.Fields(Root)
	if err != nil {
		t.Fatal(err)
	}
	for path := range fromText {
		if fromTypes[path] != fromText[path] {
			t.Errorf("%s: text says %q, types %q", path, fromText[path], fromTypes[path])
		}
	}
	for path := range fromTypes {
		if _, ok := fromText[path]; !ok {
			t.Errorf("%s is not found in the text", path)
		}
	}
}

// TestLines covers the oldest supported line and the newest.
func TestLines(t *testing.T) {
	for _, m := range []struct{ module, version string }{
		{"github.com/argoproj/argo-cd/v2", "v2.14.21"},
		{"github.com/argoproj/argo-cd/v3", version(t)},
	} {
		t.Run(m.version, func(t *testing.T) {
			s, err := Module(t.Context(), m.module, m.version, typesPackage)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := s.Fields(Root)
			if err != nil {
				t.Fatal(err)
			}
			check(t, theirs)
		})
	}
}

func version(t *testing.T) string {
	t.Helper()
	if os.Getenv(newestEnv) == "" {
		return newest
	}
	cmd := exec.Command("go", "list", "-m", "-versions", "github.com/argoproj/argo-cd/v3")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var last string
	for v := range bytes.FieldsSeq(out) {
		if s := string(v); strings.HasPrefix(s, "v") && !strings.Contains(s, "-") {
			last = s
		}
	}
	t.Logf("newest: %s", last)
	return last
}

// What kesbridge reads is something that Argo CD has, in one of its lines, and
// so is what it lists.
func TestNothingInvented(t *testing.T) {
	s, err := Module(t.Context(), "github.com/argoproj/argo-cd/v3", newest, typesPackage)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := s.Fields(Root)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(theirs, Of(reflect.TypeFor[v1alpha1.ApplicationSource]()))
	have, lists := ours(t)
	for path := range have {
		if _, ok := theirs[path]; !ok {
			t.Errorf("kesbridge reads %s, which Argo CD has not", path)
		}
	}
	for name, paths := range lists {
		for _, path := range paths {
			if _, ok := theirs[path]; !ok {
				t.Errorf("%s lists %s, which Argo CD has not", name, path)
			}
		}
	}
}

// A field that kesbridge doesn't have must not pass unseen.
func TestCheckFinds(t *testing.T) {
	s, err := Parse(map[string][]byte{"x.go": []byte("package x\ntype A struct {\n\tB *B `json:\"b,omitempty\"`\n\tC `json:\"c\"`\n\tD\n}\ntype B struct { N []int `json:\"n\"`; Skip string `json:\"-\"` }\ntype C []B\ntype D struct { M map[string]bool `json:\"m\"` }\n")})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Fields("A")
	if err != nil {
		t.Fatal(err)
	}
	want := Fields{"b": "object", "b.n[]": "number", "c[]": "object", "c[].n[]": "number", "m": "map[string]bool"}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
