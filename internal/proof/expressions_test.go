package proof

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kesbridge/internal/config"
	"kesbridge/internal/convert"
	"kesbridge/internal/kes"
	"kesbridge/internal/lodash"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// expressions counts what became of texts with lodash expressions.
type expressions struct {
	// Texts are strings with expressions, Pieces what stands between delimiters.
	Texts, Pieces int
	// Translated texts are proven, but for those that are Unprovable.
	Translated, Equal, Except, Unprovable int
	// Refused has no faithful Go template, Never fails in KES itself.
	Refused, Never int
}

func (e expressions) String() string {
	return fmt.Sprintf("%d texts (%d pieces of code): %d translated (%d equal, %d equal except for named shapes, %d not provable), %d refused, %d refused since KES itself fails",
		e.Texts, e.Pieces, e.Translated, e.Equal, e.Except, e.Unprovable, e.Refused, e.Never)
}

// take translates one text of an object by itself and proves it.
func (e *expressions) take(t *testing.T, in *kes.ExternalSecret, settings *config.Settings) {
	t.Helper()
	text := textOfObject(in)
	pieces := len(lodash.Scan(text.Value))
	if pieces == 0 {
		return
	}
	e.Texts++
	e.Pieces += pieces
	res := convert.Convert(in, convert.Options{Settings: settings, Stores: &store.Resolver{}})
	if res.ESO == nil {
		why := rule.NeverWorked.ID
		for _, f := range res.Findings {
			switch {
			case f.Severity < manifest.Error:
			case f.Rule == rule.NeverWorked.ID:
			case f.Rule == rule.LodashTemplate.ID:
				why = f.Rule
			default:
				t.Errorf("%q: refused by another rule: %v", text.Value, f)
			}
		}
		if why == rule.NeverWorked.ID {
			e.Never++
		} else {
			e.Refused++
		}
		if testing.Verbose() {
			t.Logf("%s: %q", why, text.Value)
		}
		return
	}
	e.Translated++
	o := Options{}
	if settings.Fidelity == config.Exact {
		o.Cases = 400 // the everyday ones come first
	}
	switch r := Verify(in, res.ESO, o); r.Outcome {
	case Equal:
		e.Equal++
	case EqualExcept:
		e.Except++
	case NotProvable:
		e.Unprovable++
		if testing.Verbose() {
			t.Logf("not provable: %q: %s", text.Value, r.Reason)
		}
	default:
		t.Errorf("%q: different: %v", text.Value, r.Differences[0])
	}
}

// textOfObject is the only text with expressions of an object.
func textOfObject(in *kes.ExternalSecret) kes.Text {
	for _, list := range lists(&in.Spec.Template) {
		for _, t := range *list {
			if len(lodash.Scan(t.Value)) > 0 {
				return t
			}
		}
	}
	return kes.Text{}
}

func lists(t *kes.Template) []*[]kes.Text {
	return []*[]kes.Text{&t.Labels, &t.Annotations, &t.Data, &t.StringData, &t.Other}
}

// apart makes an object for each text with expressions of one.
func apart(in *kes.ExternalSecret) []*kes.ExternalSecret {
	var all []*kes.ExternalSecret
	for i, list := range lists(&in.Spec.Template) {
		for _, text := range *list {
			if len(lodash.Scan(text.Value)) == 0 {
				continue
			}
			c := *in
			for _, l := range lists(&c.Spec.Template) {
				*l = nil
			}
			*lists(&c.Spec.Template)[i] = []kes.Text{text}
			all = append(all, &c)
		}
	}
	return all
}

var dataKey = regexp.MustCompile(`data\.([A-Za-z_]\w*)|data\["([^"]+)"\]`)

// objectOf makes an object that fetches what a text reads: opt perhaps, nope not.
func objectOf(t *testing.T, in, text string) *kes.ExternalSecret {
	t.Helper()
	spec := "  backendType: gcpSecretsManager\n  data:\n  - {key: other, name: other}\n"
	seen := map[string]bool{"nope": true}
	for _, m := range dataKey.FindAllStringSubmatch(text, -1) {
		key := m[1] + m[2]
		if !seen[key] && key != "opt" {
			spec += fmt.Sprintf("  - {key: secret-%s, name: \"%s\"}\n", key, key)
		}
		seen[key] = true
	}
	if seen["opt"] {
		spec += "  dataFrom: [extra]\n"
	}
	var quoted strings.Builder
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	err := enc.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	switch in {
	case "labels":
		spec += fmt.Sprintf("  template: {metadata: {labels: {t: %s}}}\n", strings.TrimSpace(quoted.String()))
	default:
		spec += fmt.Sprintf("  template: {%s: {t: %s}}\n", in, strings.TrimSpace(quoted.String()))
	}
	return one(t, spec)
}

// TestExpressions translates and proves every lodash expression that is known,
// each text by itself and in both fidelities, and holds the counts: nothing that
// was translated may quietly be refused, and nothing come out different.
func TestExpressions(t *testing.T) {
	sources := []struct {
		name           string
		objects        func(t *testing.T) []*kes.ExternalSecret
		natural, exact expressions
	}{
		{"KES's documentation", documentationTexts, expressions{6, 17, 6, 0, 4, 2, 0, 0}, expressions{6, 17, 6, 0, 4, 2, 0, 0}},
		{"the facts' tables", factsTexts, expressions{212, 292, 170, 1, 166, 3, 20, 22}, expressions{212, 292, 170, 1, 166, 3, 20, 22}},
		{"the corpus", corpusTexts, expressions{9, 28, 9, 0, 6, 3, 0, 0}, expressions{9, 28, 9, 0, 6, 3, 0, 0}},
	}
	for _, s := range sources {
		for _, fidelity := range config.Fidelities() {
			t.Run(s.name+", "+fidelity, func(t *testing.T) {
				if testing.Short() && fidelity == config.Exact {
					t.Skip("skipped the exact forms: they take long")
				}
				t.Parallel()
				settings, err := (*config.Config)(nil).For("")
				if err != nil {
					t.Fatal(err)
				}
				settings.Fidelity = fidelity
				var got expressions
				for _, in := range s.objects(t) {
					got.take(t, in, settings)
				}
				t.Logf("%s, %s: %v", s.name, fidelity, got)
				if want := map[string]expressions{config.Natural: s.natural, config.Exact: s.exact}[fidelity]; got != want {
					t.Errorf("%s, %s: want %v", s.name, fidelity, want)
				}
			})
		}
	}
}

func documentationTexts(t *testing.T) (all []*kes.ExternalSecret) {
	var texts []struct{ In, Text string }
	readJSON(t, "testdata/kes-docs.json", &texts)
	for _, x := range texts {
		all = append(all, objectOf(t, x.In, x.Text))
	}
	return all
}

// factsTexts are the pairs of facts/eso-templates.md D4 and E2 to E6, and what these
// tables call refused or an error.
func factsTexts(t *testing.T) (all []*kes.ExternalSecret) {
	var texts, refused []string
	readJSON(t, "../lodash/testdata/templates.json", &texts)
	readJSON(t, "testdata/facts-refused.json", &refused)
	for _, text := range append(texts, refused...) {
		all = append(all, objectOf(t, "stringData", text))
	}
	return all
}

func readJSON(t *testing.T, file string, v any) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func corpusTexts(t *testing.T) (all []*kes.ExternalSecret) {
	root := filepath.Join("..", "..", "..", "shared", "corpus", "manifests")
	files, err := filepath.Glob(filepath.Join(root, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Skipf("skipped the expressions of the corpus: no manifests in %s", root)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), "<%") && !strings.Contains(string(b), "${") {
			continue
		}
		for _, in := range decodeAll(t, filepath.Base(file), string(b)) {
			all = append(all, apart(in)...)
		}
	}
	return all
}
