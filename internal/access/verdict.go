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

// Verdict is the admission policy's about an ExternalSecret that kesbridge
// writes, and why it is no: what its CEL says (cel.go), in Go.
func (p Policy) Verdict(namespace string, live Annotations, es *eso.ExternalSecret) (ok bool, why string) {
	return p.tables().verdict(p.Settings, namespace, live, es)
}

func (t tables) verdict(s Settings, namespace string, live Annotations, es *eso.ExternalSecret) (ok bool, why string) {
	naming, permitted := live[s.keyName()], live[s.role()]
	key := storeKey(es.Store.Kind, namespace, es.Store.Name)
	_, known := t.patterns[naming]
	switch {
	case naming == "" && s.Enforce:
		return false, "the namespace has no annotation " + s.keyName()
	case naming != "" && !known:
		return false, fmt.Sprintf("the policy doesn't know the annotation %s: %s", s.keyName(), naming)
	}
	if naming != "" {
		re := regexp.MustCompile(t.patterns[naming])
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
	if why := t.store(s, key, permitted); why != "" {
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

func (t tables) store(s Settings, key, permitted string) string {
	list, known := t.roles[key]
	if !known && (permitted != "" || s.Enforce) {
		return "nothing tells what role the store has"
	}
	for _, role := range list {
		re2, ok := t.patterns[permitted]
		switch {
		case permitted == "" && !s.Enforce:
		case permitted == "":
			return "the namespace has no annotation " + s.role()
		case !ok || !regexp.MustCompile(re2).MatchString(role):
			return fmt.Sprintf("the store's role %s does not match the annotation %s: %s", role, s.role(), permitted)
		}
	}
	return ""
}

// Stricter names an object that KES served and the policy refuses, by what Git
// says of its namespace; namespace is where the object is. out is the converted
// object.
func (p Policy) Stricter(namespace string, in *kes.ExternalSecret, out *eso.ExternalSecret) manifest.Findings {
	if !p.Settings.Serves(in.Spec.ControllerID) || !p.Settings.Watches(namespace) {
		return nil
	}
	spaces := []Namespace{}
	for _, n := range p.Namespaces {
		if n.Name == namespace {
			spaces = append(spaces, n)
		}
	}
	if len(spaces) == 0 {
		spaces = append(spaces, Namespace{Name: namespace})
	}
	t := p.tables()
	for _, n := range spaces {
		live := n.Annotations(p.Settings)
		if ok, _ := Permitted(live, p.Settings, in); !ok || untranslated(n.KeyName) != nil || untranslated(n.Role) != nil {
			continue // there is no loss, or it is said of the namespace
		}
		if ok, why := t.verdict(p.Settings, namespace, live, out); !ok {
			return manifest.Findings{rule.PolicyStricter.At(in.Pos, in.Ref, "KES served it, and the admission policy refuses it: %s", why)}
		}
	}
	return nil
}
