package kes

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const marker = "do-not-show"

// said is everything that reading a file gives, errors too.
func said(data []byte) string {
	list, err := Controllers(File{Name: "kes.yaml", Data: append([]byte("# Deployment\n"), data...)})
	var b strings.Builder
	for _, c := range list {
		fmt.Fprintf(&b, "%+v\n", c)
	}
	if err != nil {
		fmt.Fprintf(&b, "%v\n", err)
		if e := (*SettingsError)(nil); errors.As(err, &e) {
			fmt.Fprintln(&b, e.Hint())
		}
	}
	docs, err := Documents("values.yaml", data)
	if err != nil {
		fmt.Fprintf(&b, "%v\n", err)
	}
	for _, d := range docs {
		fmt.Fprintf(&b, "%+v\n", (&Chart{Values: []*Tree{d}}).Controller())
	}
	return b.String()
}

// hostile are files that can't be read, or only with care.
var hostile = map[string]string{
	"anchor":    "kind: Deployment\nspec: *" + marker + "\n",
	"tag":       "kind: Deployment\nspec: !" + marker + "!x y\n",
	"indent":    "kind: Deployment\n a: " + marker + "\nb: [\n",
	"flow":      "env: {AWS_REGION: [" + marker + "\n",
	"quote":     "env: {AWS_REGION: \"" + marker + "\n",
	"directive": "%YAML " + marker + "\n---\na: b\n",
	"key":       "? {" + marker + ": [}\n",
	"control":   "env: {AWS_REGION: \"\\x" + marker + "\"}\n",
	"binary":    "env: {AWS_SECRET_ACCESS_KEY: !!binary " + marker + "}\n",
	"int":       "env: {AWS_SECRET_ACCESS_KEY: !!int " + marker + "}\n",
	"bomb":      "a: &a [" + strings.Repeat("1,", 100) + "]\nb: &b [" + strings.Repeat("*a,", 100) + "]\nc: &c [" + strings.Repeat("*b,", 100) + "]\nenv: {x: [" + strings.Repeat("*c,", 100) + "], AWS_SECRET_ACCESS_KEY: " + marker + "}\n",
	"itself":    "kind: Deployment\nspec: &a\n  template: *a\n  x: [*a]\n",
	"merge":     "a: &a {<<: *a, k: " + marker + "}\n",
	"deep":      "Deployment: " + strings.Repeat("[", 5000) + marker + "\n",
	"deep map":  strings.Repeat("{a: ", 200) + marker + strings.Repeat("}", 200) + "\n",
	"lists":     "a: &a {kind: List, items: [" + strings.Repeat("{kind: Deployment},", 100) + "]}\nb: &b {kind: List, items: [" + strings.Repeat("*a,", 100) + "]}\nc: &c {kind: List, items: [" + strings.Repeat("*b,", 100) + "]}\nkind: List\nitems: [" + strings.Repeat("*c,", 100) + "]\n",
	"doubling": func() string {
		text := "kind: Deployment\nspec: {template: {spec: {containers: [{image: kubernetes-external-secrets, env: [{name: V0, value: 0123456789}"
		for i := range 60 {
			text += fmt.Sprintf(", {name: V%d, value: '$(V%d)$(V%d)'}", i+1, i, i)
		}
		return text + ", {name: AWS_REGION, value: $(V60)}]}]}}}\n"
	}(),
	"latin":      "env: {AWS_SECRET_ACCESS_KEY: \"" + marker + "\xff\"}\n",
	"documents":  "a: b\n---\nenv: {AWS_SECRET_ACCESS_KEY: " + marker + "}\n--- [\n",
	"odd shapes": "kind: Deployment\nmetadata: [a]\nspec: {template: {spec: {containers: {image: x}, volumes: a}}}\n---\nkind: Deployment\nspec: {template: {spec: {containers: [a, {image: kubernetes-external-secrets, env: {a: b}, envFrom: x, volumeMounts: [[]]}]}}}\n",
	"odd values": "env: [a]\nenvVarsFromSecret: {A: b, C: [d]}\nenvFrom: {a: b}\nfilesFromSecret: [a]\nserviceAccount: x\nextraVolumes: {a: b}\nextraVolumeMounts: y\n",
}

// TestHostileSettings: whatever a file holds, no text of it that may be a
// secret is said, and reading it ends.
func TestHostileSettings(t *testing.T) {
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			if got := said([]byte(text)); strings.Contains(got, marker) {
				t.Errorf("a secret is in %q", got)
			}
		})
	}
}

// FuzzSettings puts a secret into each place of an environment that may hold
// one, breaks the file in any way, and looks for the secret in all that is
// said.
func FuzzSettings(f *testing.F) {
	for _, text := range hostile {
		f.Add([]byte(strings.ReplaceAll(text, marker, "x")), uint16(3), byte('['))
	}
	f.Add([]byte(env("{name: AWS_REGION, value: a}", "{name: AWS_SECRET_ACCESS_KEY, value: SECRET}", "{name: VAULT_ADDR, value: 'https://u:SECRET@x'}", "{name: INSTANCE_ID, value: 'https://x/?token=SECRET'}")), uint16(90), byte('*'))
	f.Add([]byte("env: {AWS_SECRET_ACCESS_KEY: SECRET, HTTPS_PROXY: 'u:SECRET@p:1'}\nenvFrom: [{configMapRef: {name: x}}]\n"), uint16(9), byte('&'))
	f.Fuzz(func(t *testing.T, data []byte, at uint16, with byte) {
		if strings.Contains(string(data), marker) {
			t.Skip()
		}
		text := []byte(strings.ReplaceAll(string(data), "SECRET", marker))
		// The name AWS_SECRET_ACCESS_KEY holds the word, too.
		text = []byte(strings.ReplaceAll(string(text), "AWS_"+marker+"_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"))
		whole := said(text)
		if intact(string(text)) && strings.Contains(whole, marker) {
			t.Errorf("a secret is in %q", whole)
		}
		if len(text) > 0 {
			text[int(at)%len(text)] = with
			if _, err := Documents("f", text); err != nil && strings.Contains(err.Error(), marker) {
				t.Errorf("a secret is in the error %q", err)
			}
		}
	})
}

// intact reports whether each secret of a text stands where it is one: a
// mutated text may say that it is a region.
func intact(text string) bool {
	for rest := text; ; {
		i := strings.Index(rest, marker)
		if i < 0 {
			return true
		}
		before := rest[:i]
		if !strings.HasSuffix(before, "AWS_SECRET_ACCESS_KEY, value: ") && !strings.HasSuffix(before, "'https://u:") && !strings.HasSuffix(before, "?token=") &&
			!strings.HasSuffix(before, "AWS_SECRET_ACCESS_KEY: ") && !strings.HasSuffix(before, "'u:") {
			return false
		}
		rest = rest[i+len(marker):]
	}
}
