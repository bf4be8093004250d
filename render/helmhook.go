package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"sigs.k8s.io/yaml"
)

// hookEvents are those that Helm knows (helm v4.2.4
// pkg/release/v1/util/manifest_sorter.go). It leaves out a resource with any
// other, and only its log says so.
var hookEvents = []string{
	string(release.HookPreInstall), string(release.HookPostInstall), string(release.HookPreDelete), string(release.HookPostDelete),
	string(release.HookPreUpgrade), string(release.HookPostUpgrade), string(release.HookPreRollback), string(release.HookPostRollback),
	string(release.HookTest), "test-success",
}

// dropUnknownHooks leaves out what Helm would leave out for its hook, and says
// what that is.
func dropUnknownHooks(files map[string]string) (warnings []string) {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		// A key of YAML may be written in other ways; Helm then drops the
		// resource in its own way.
		if !strings.Contains(files[name], release.HookAnnotation) || strings.HasPrefix(name[strings.LastIndexByte(name, '/')+1:], "_") {
			continue
		}
		docs := releaseutil.SplitManifests(files[name])
		keys := slices.SortedFunc(maps.Keys(docs), func(a, b string) int {
			if (releaseutil.BySplitManifestsOrder{a, b}).Less(0, 1) {
				return -1
			}
			return 1
		})
		var kept []string
		for _, k := range keys {
			var head releaseutil.SimpleHead
			if yaml.Unmarshal([]byte(docs[k]), &head) != nil || head.Metadata == nil || !unknownHook(head.Metadata.Annotations) {
				kept = append(kept, docs[k])
				continue
			}
			warnings = append(warnings, fmt.Sprintf("%s: %s %s is left out: Helm doesn't know its hook %q",
				name, head.Kind, head.Metadata.Name, head.Metadata.Annotations[release.HookAnnotation]))
		}
		if len(kept) < len(docs) {
			files[name] = strings.Join(kept, "---\n")
		}
	}
	return warnings
}

func unknownHook(annotations map[string]string) bool {
	hooks, ok := annotations[release.HookAnnotation]
	return ok && slices.ContainsFunc(strings.Split(hooks, ","), func(h string) bool {
		return !slices.Contains(hookEvents, strings.ToLower(strings.TrimSpace(h)))
	})
}

// nameTemplate is --name-template (helm v4.2.4 pkg/action/install.go,
// TemplateName), without the functions that read the environment or ask a
// name server: whoever names a release isn't the administrator.
func nameTemplate(text string) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	funcs := sprig.TxtFuncMap()
	for _, f := range []string{"env", "expandenv", "getHostByName"} {
		delete(funcs, f)
	}
	t, err := template.New("name-template").Funcs(funcs).Parse(text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := t.Execute(&b, nil); err != nil {
		return "", err
	}
	return b.String(), nil
}
