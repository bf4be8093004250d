package access

import (
	"fmt"
	"regexp"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/rule"
)

// Judge says what an admission policy says: its CEL (cel.go), in Go.
type Judge struct {
	settings   Settings
	known      tables
	patterns   map[string]*regexp.Regexp
	namespaces map[string][]Namespace
}

// Judge prepares verdicts about many objects.
func (p Policy) Judge() *Judge {
	j := &Judge{settings: p.Settings, known: p.tables(), patterns: map[string]*regexp.Regexp{}, namespaces: map[string][]Namespace{}}
	for text, re2 := range j.known.patterns {
		j.patterns[text] = regexp.MustCompile(re2)
	}
	for _, n := range p.Namespaces {
		j.namespaces[n.Name] = append(j.namespaces[n.Name], n)
	}
	return j
}

// Verdict is about an ExternalSecret that kesbridge writes, in a namespace with
// these annotations, and why it is no.
func (j *Judge) Verdict(namespace string, live Annotations, es *eso.ExternalSecret) (ok bool, why string) {
	s, t := j.settings, j.known
	naming, permitted := live[s.keyName()], live[s.role()]
	key := storeKey(es.Store.Kind, namespace, es.Store.Name)
	re, known := j.patterns[naming]
	switch {
	case naming == "" && s.Enforce:
		return false, "the namespace has no annotation " + s.keyName()
	case naming != "" && !known:
		return false, fmt.Sprintf("the policy doesn't know the annotation %s: %s", s.keyName(), naming)
	}
	if naming != "" {
		for _, d := range es.Data {
			if why := t.key(re, t.backends[key], d.RemoteRef); why != "" {
				return false, why
			}
		}
		for _, d := range es.DataFrom {
			switch {
			case d.Extract != nil:
				why = t.key(re, t.backends[key], *d.Extract)
			case d.Find != nil:
				why = t.find(re, t.backends[key], *d.Find)
			}
			if why != "" {
				return false, why
			}
		}
	}
	if why := j.store(key, permitted); why != "" {
		return false, why
	}
	if _, ours := t.roles[key]; ours && !s.Watches(namespace) {
		return false, "the namespace is none that KES watched"
	}
	return true, ""
}

// dots are what ESO takes out of a Vault path before it reads.
var dots = regexp.MustCompile(dotSegment)

const dotSegment = `(?:^|/)\.\.?(?:/|$)`

func (t tables) key(re *regexp.Regexp, backend string, ref eso.RemoteRef) string {
	texts := []string{ref.Key}
	switch backend {
	case vaultKV1, vaultKV2:
		if ref.Version != "" {
			texts[0] += "?version=" + ref.Version
		}
		texts = append(texts, "/"+texts[0])
	case string(kes.IBMCloudSecretsManager):
		texts[0] = ref.Key[strings.LastIndexByte(ref.Key, '/')+1:]
	}
	switch {
	case !matchesAny(re, texts):
		return fmt.Sprintf("key %s does not match", texts[0])
	case backend == vaultKV2 && !strings.Contains(ref.Key, "/data/"):
		return fmt.Sprintf("key %s has no /data/", ref.Key)
	case (backend == "" || backend == vaultKV1 || backend == vaultKV2) && dots.MatchString(ref.Key):
		return fmt.Sprintf("key %s has . or .. between slashes", ref.Key)
	}
	return ""
}

func (t tables) find(re *regexp.Regexp, backend string, f eso.Find) string {
	texts := []string{f.Path}
	if !strings.HasSuffix(f.Path, "/") {
		texts = append(texts, f.Path+"/")
	}
	if f.Path == "" || backend != string(kes.SystemManager) || !matchesAny(re, texts) {
		return fmt.Sprintf("path %s does not match", f.Path)
	}
	return ""
}

func matchesAny(re *regexp.Regexp, texts []string) bool {
	for _, s := range texts {
		if re.MatchString(s) {
			return true
		}
	}
	return false
}

func (j *Judge) store(key, permitted string) string {
	s := j.settings
	list, known := j.known.roles[key]
	if !known && (permitted != "" || s.Enforce) {
		return "nothing tells what role the store has"
	}
	for _, role := range list {
		re, ok := j.patterns[permitted]
		switch {
		case permitted == "" && !s.Enforce:
		case permitted == "":
			return "the namespace has no annotation " + s.role()
		case !ok || !re.MatchString(role):
			return fmt.Sprintf("the store's role %s does not match the annotation %s: %s", role, s.role(), permitted)
		}
	}
	return ""
}

// Stricter names an object that KES served and the policy refuses, by what Git
// says of its namespace; namespace is where the object is, out what it is
// converted to.
func (j *Judge) Stricter(namespace string, in *kes.ExternalSecret, out *eso.ExternalSecret) manifest.Findings {
	if !j.settings.Serves(in.Spec.ControllerID) || !j.settings.Watches(namespace) {
		return nil
	}
	spaces := j.namespaces[namespace]
	if len(spaces) == 0 {
		spaces = []Namespace{{Name: namespace}}
	}
	for _, n := range spaces {
		live := n.Annotations(j.settings)
		if ok, _ := Permitted(live, j.settings, in); !ok || untranslated(n.KeyName) != nil || untranslated(n.Role) != nil {
			continue // nothing is lost, or it is said of the namespace
		}
		if ok, why := j.Verdict(namespace, live, out); !ok {
			return manifest.Findings{rule.PolicyStricter.At(in.Pos, in.Ref, "KES served it, and the admission policy refuses it: %s", why)}
		}
	}
	return nil
}
