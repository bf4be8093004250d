package cutover

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/manifest"
)

// loss is what an adoption would take away from a Secret.
type loss struct {
	code     string
	severity manifest.Severity
	text     string
}

// takesOver says what the Secret of a KES object loses when an ESO object
// makes it instead.
func takesOver(from, to *Maker) []loss {
	if !to.eso() {
		return []loss{{codeOwner, manifest.Error, fmt.Sprintf("is made by %s afterwards, not by ESO: whether it is the same can't be told", to.who())}}
	}
	var out []loss
	names, unsure := from.Keys.missing(to.Keys)
	merges := to.Policy == "Merge" || to.Policy == "CreateOrMerge"
	switch {
	case merges || from.Unknown:
	case len(names) > 0 && !unsure:
		out = append(out, loss{codeKeys, manifest.Error, fmt.Sprintf("loses %s when ESO adopts it: %s doesn't make %s", keyList(names), to.who(), them(names))})
	case len(names) > 0:
		out = append(out, loss{codeKeys, manifest.Warning, fmt.Sprintf("may lose %s when ESO adopts it: whether %s makes %s is for the backend to say", keyList(names), to.who(), them(names))})
	case unsure:
		out = append(out, loss{codeKeys, manifest.Warning, fmt.Sprintf("may lose keys when ESO adopts it: KES takes all of an entry, and %s names its keys", to.who())})
	}
	if to.Hook {
		out = append(out, loss{codeHook, manifest.Error, fmt.Sprintf("is deleted by each sync: %s is a hook, which Argo CD deletes and makes anew", to.who())})
	}
	if to.DropsSecret {
		out = append(out, loss{codeDeletion, manifest.Warning, fmt.Sprintf("is deleted when the backend has no value for it: %s has deletionPolicy Delete", to.who())})
	}
	if to.Policy != "" {
		out = append(out, loss{codePolicy, manifest.Warning, fmt.Sprintf("has no owner afterwards: %s has creationPolicy %s, so that nothing makes it again when it is gone", to.who(), to.Policy)})
	}
	return out
}

func keyList(names []string) string {
	const most = 5
	word, more := "the key ", ""
	if len(names) > 1 {
		word = "the keys "
	}
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	return word + strings.Join(names, ", ") + more
}

func them(names []string) string {
	if len(names) == 1 {
		return "it"
	}
	return "them"
}

// label names the label that Argo CD tracks by, and where Git says so.
func (a *Application) label() string {
	if p := a.Tracking.Pos.String(); p != "" {
		return fmt.Sprintf("the label %s (%s)", a.Tracking.Key(), p)
	}
	return "the label " + a.Tracking.Key()
}

// byLabel says what label tracking does to a Secret without an owner: KES puts
// only its template's labels on it, ESO its own where it has no template.
func (a *Application) byLabel(m, heir *Maker) string {
	carries := slices.Contains(m.Labels, a.Tracking.Key())
	if heir != nil && heir.eso() {
		carries = carries || heir.Copies || slices.Contains(heir.Labels, a.Tracking.Key())
	}
	if carries {
		return "Argo CD tracks by " + a.label() + ", which the Secret carries, and prunes it while it has no owner"
	}
	return "Argo CD tracks by " + a.label() + "; the Secret doesn't seem to carry it, but this way was not measured under that method"
}
