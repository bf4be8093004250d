package lodash

import (
	"bytes"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// esoFunctions is the part of ESO's function set that all of 0.9-2.9 have and
// that a translation may use: sprig's, less env and expandenv, and ESO's YAML
// functions (template/v2/template.go and yaml.go).
func esoFunctions() template.FuncMap {
	f := sprig.TxtFuncMap()
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(f, name)
	}
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
	return f
}

var esoFuncs = esoFunctions()

func esoParse(text string) (*template.Template, error) {
	return template.New("key").Option("missingkey=error").Funcs(esoFuncs).Parse(text)
}

func esoExecute(t *template.Template, data map[string]string) (string, error) {
	var b bytes.Buffer
	err := t.Execute(&b, data)
	return b.String(), err
}
