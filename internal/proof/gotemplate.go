package proof

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// Functions that exist and are not run: their result isn't the same twice,
// needs a network, or depends on a library version that we don't have.
var notRun = strings.Fields(`now date date_in_zone date_modify dateInZone dateModify ago htmlDate htmlDateInZone
	mustDateModify must_date_modify toDate mustToDate unixEpoch duration durationRound
	randAlphaNum randAlpha randAscii randNumeric randBytes randInt uuidv4 shuffle getHostByName
	genPrivateKey derivePassword buildCustomCert genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey
	genSignedCert genSignedCertWithKey encryptAES decryptAES bcrypt htpasswd
	pkcs12key pkcs12keyPass pkcs12cert pkcs12certPass pemToPkcs12 pemToPkcs12Pass fullPemToPkcs12 fullPemToPkcs12Pass
	pemTruststoreToPKCS12 pemTruststoreToPKCS12Pass filterPEM filterCertChain certSANs jwkPublicKeyPem jwkPrivateKeyPem
	rsaDecrypt getSecretKey`)

// since and until are the releases that a function is in; what isn't named is
// in all of them (facts: eso-templates.md C6, boundaries from the tags).
var since = map[string]release{
	"filterCertChain": {0, 12, 0}, "pemTruststoreToPKCS12": {0, 20, 0}, "pemTruststoreToPKCS12Pass": {0, 20, 0},
	"rsaDecrypt": {0, 20, 2}, "getSecretKey": {0, 20, 2}, "certSANs": {2, 2, 0}, "sha512sum": {2, 3, 0}, "hexdec": {2, 7, 0},
}

var until = map[string]release{"getSecretKey": {1, 2, 0}, "getHostByName": {2, 3, 0}}

func existsIn(name string, r release) bool {
	if from, ok := since[name]; ok && !r.atLeast(from.major, from.minor, from.patch) {
		return false
	}
	gone, ok := until[name]
	return !ok || !r.atLeast(gone.major, gone.minor, gone.patch)
}

// functionsKey tells releases with different functions apart.
func functionsKey(r release) string {
	var names []string
	for _, m := range []map[string]release{since, until} {
		for name := range m {
			if existsIn(name, r) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	if r.atLeast(2, 3, 0) {
		names = append(names, "camelcase2")
	}
	return strings.Join(names, " ")
}

// What a template may build in one call: so many of something, and so many
// bytes.
const (
	maxRepeat = 1 << 20
	maxBuilt  = 1 << 24
)

var allFunctions = sync.OnceValue(func() template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	f["toYaml"] = func(v any) string {
		b, err := yaml.Marshal(v)
		if err != nil {
			return ""
		}
		return strings.TrimSuffix(string(b), "\n")
	}
	f["fromYaml"] = func(s string) map[string]any {
		m := map[string]any{}
		if err := yaml.Unmarshal([]byte(s), &m); err != nil {
			m["Error"] = err.Error()
		}
		return m
	}
	for _, name := range notRun {
		f[name] = func(...any) (string, error) { return "", &unsureError{why: "ESO's template uses " + name} }
	}
	for _, name := range castsText {
		f[name] = guardText(f[name])
	}
	f["hexdec"] = func(...any) (string, error) { return "", &unsureError{why: "ESO's template uses hexdec"} }
	for _, name := range []string{"until", "untilStep", "repeat", "indent", "nindent", "seq"} {
		f[name] = guardSize(name, f[name])
	}
	for _, name := range growing {
		f[name] = boundText(name, f[name])
	}
	return f
})

// castsText are the functions that take a text for an integer with the cast
// library: that of ESO up to 0.16 reads "1.9" as 0, later ones as 1.
var castsText = strings.Fields("int int64 add1 add sub div mod mul max biggest min slice mustSlice")

// guardText refuses such a text.
func guardText(f any) any {
	v := reflect.ValueOf(f)
	return reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
		for i, a := range args {
			if v.Type().IsVariadic() && i == len(args)-1 {
				for j := range a.Len() {
					refuseText(a.Index(j))
				}
				break
			}
			refuseText(a)
		}
		if v.Type().IsVariadic() {
			return v.CallSlice(args)
		}
		return v.Call(args)
	}).Interface()
}

func refuseText(v reflect.Value) {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if v.Kind() == reflect.String && strings.ContainsAny(v.String(), ".eE_") {
		panic(&unsureError{why: "int of a text that isn't an integer depends on ESO's release"})
	}
}

// guardSize refuses a number argument that would build something huge, by
// itself or times the length of a text.
func guardSize(name string, f any) any {
	v := reflect.ValueOf(f)
	return reflect.MakeFunc(v.Type(), func(args []reflect.Value) []reflect.Value {
		number, text := int64(0), 1
		measure := func(a reflect.Value) {
			for a.Kind() == reflect.Interface {
				a = a.Elem()
			}
			switch {
			case a.CanInt():
				number = max(number, a.Int(), -a.Int())
			case a.Kind() == reflect.String:
				text = max(text, a.Len())
			}
		}
		for _, a := range args {
			if a.Kind() == reflect.Slice {
				for i := range a.Len() {
					measure(a.Index(i))
				}
				continue
			}
			measure(a)
		}
		if number > maxRepeat || number > int64(maxBuilt/text) {
			// text/template turns a panic of a function into its error.
			panic(&unsureError{why: "ESO's template builds too much with " + name, fatal: true})
		}
		if v.Type().IsVariadic() {
			return v.CallSlice(args)
		}
		return v.Call(args)
	}).Interface()
}

// templateSet is ESO's template engine v2 of one release (runtime/template/v2,
// execute): text/template, missingkey=error, values as strings.
type templateSet struct {
	release release
	funcs   template.FuncMap
	parsed  map[string]*template.Template
	failed  map[string]error
}

func newTemplateSet(r release) *templateSet {
	return &templateSet{release: r, parsed: map[string]*template.Template{}, failed: map[string]error{}}
}

func (t *templateSet) execute(key, text string, values map[string]string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	id := key + "\x00" + text
	if err := t.failed[id]; err != nil {
		return "", err
	}
	tpl := t.parsed[id]
	if tpl == nil {
		var err error
		if tpl, err = template.New(key).Option("missingkey=error").Funcs(growingBuiltins).Funcs(t.functions()).Parse(text); err != nil {
			t.failed[id] = failf("parse template %s: %v", key, err)
			return "", t.failed[id]
		}
		t.parsed[id] = tpl
	}
	w := &limitedWriter{}
	if err := tpl.Execute(w, values); err != nil {
		if u := (*unsureError)(nil); errors.As(err, &u) {
			return "", u
		}
		return "", failf("execute template %s: %v", key, err)
	}
	return w.b.String(), nil
}

// literal is mapScopeApply: what the text renders to is read as a YAML 1.1
// mapping of text to text (facts: eso-templates.md B5).
func (t *templateSet) literal(text string, values map[string]string) (map[string]string, error) {
	rendered, err := t.execute(text, text, values)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	if err := yaml.Unmarshal([]byte(rendered), &m); err != nil {
		return nil, failf("templateFrom: %v", err)
	}
	return m, nil
}

func (t *templateSet) functions() template.FuncMap {
	if t.funcs == nil {
		t.funcs = template.FuncMap{}
		for name, f := range allFunctions() {
			if existsIn(name, t.release) {
				t.funcs[name] = f
			}
		}
		if !t.release.atLeast(2, 3, 0) {
			t.funcs["camelcase"] = func(...any) (string, error) {
				return "", &unsureError{why: "camelcase of ESO before 2.3 is another one"}
			}
		}
	}
	return t.funcs
}

// limitedWriter stops a template that writes without end.
type limitedWriter struct{ b strings.Builder }

var _ io.Writer = (*limitedWriter)(nil)

func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.b.Len()+len(p) > maxOutput {
		return 0, &unsureError{why: "ESO's template writes too much", fatal: true}
	}
	return w.b.Write(p)
}
