package fleet

import (
	"bytes"
	"regexp"
	"strings"

	"kesbridge/internal/argocd"
)

var (
	// token is a placeholder of envsubst, Flux, argocd-vault-plugin or a script.
	// Argo CD's own variables are none.
	token = regexp.MustCompile(`\$\{[A-Z_][A-Z0-9_]*(:?[-=?+][^}]*)?\}|<[A-Z][A-Z0-9_-]*>|<path:[^>\s]+>`)
	own   = regexp.MustCompile(`^\$\{(ARGOCD_[A-Z_0-9]+|KUBE_VERSION|KUBE_API_VERSIONS)\}$`)
)

// hole notes the first placeholder that counts: in a KES resource anywhere, in
// others where Kubernetes itself reads the text. Scripts and configuration
// files in ConfigMaps have such words, too.
func (s *scanner) hole(line, rest []byte) {
	if s.file.bad != nil && s.file.bad.structural {
		return
	}
	outer := len(line) - len(rest)
	if outer == 0 && bytes.HasPrefix(rest, []byte("{{")) {
		s.file.bad = &spot{s.line, "{{", true}
		return
	}
	structural := bytes.HasPrefix(bytes.TrimPrefix(rest, []byte("- ")), []byte("image:"))
	if outer == s.indent || s.meta && (s.inner == 0 || outer == s.inner) {
		for _, k := range []string{"apiVersion", "kind", "name", "namespace"} {
			_, ok := value(rest, k)
			structural = structural || ok
		}
	}
	if structural && bytes.Contains(rest, []byte("{{")) && !bytes.Contains(rest, []byte("'{{")) {
		s.file.bad = &spot{s.line, "{{", true}
		return
	}
	// Few lines are left for the pattern, which is slow.
	if !structural && !s.kes && !bytes.Contains(rest, []byte("<path:")) || bytes.IndexByte(rest, '<') < 0 && !bytes.Contains(rest, []byte("${")) {
		return
	}
	if i := bytes.Index(line, []byte(" #")); i >= 0 {
		line = line[:i]
	}
	for _, m := range token.FindAll(line, -1) {
		if own.Match(m) || !structural && !s.kes && !bytes.HasPrefix(m, []byte("<path:")) {
			continue
		}
		if s.file.bad == nil || structural {
			s.file.bad = &spot{s.line, string(m), structural}
		}
	}
}

// named notes a placeholder in names in flow style.
func (s *scanner) named(names string) {
	if s.file.bad != nil && s.file.bad.structural {
		return
	}
	if strings.Contains(names, "{{") {
		s.file.bad = &spot{s.line, "{{", true}
	} else if m := token.FindString(names); m != "" && !own.MatchString(m) {
		s.file.bad = &spot{s.line, m, true}
	}
}

// hole finds a placeholder in what an Application says of where its sources
// are and go.
func hole(app *argocd.Application) string {
	d := app.Spec.Destination
	texts := []string{app.Spec.Project, d.Server, d.Name, d.Namespace}
	for _, s := range app.Sources() {
		texts = append(texts, s.RepoURL, s.Path, s.Chart, s.TargetRevision)
		if s.Helm != nil {
			texts = append(append(texts, s.Helm.ReleaseName), s.Helm.ValueFiles...)
		}
	}
	for _, t := range texts {
		for _, m := range token.FindAllString(t, -1) {
			if !own.MatchString(m) {
				return m
			}
		}
		if strings.Contains(t, "{{") {
			return t
		}
	}
	return ""
}
