package cli

import (
	"encoding/json"
	"errors"
	"strings"
)

// askApplication gives an Application in JSON, by asking argocd. `app get`
// also looks at the project's sync windows and fails without `projects, get`
// (Argo CD 3.1.16: cmd/argocd/commands/app.go, NewApplicationGetCommand);
// then `app list` tells, which needs `applications, get` alone.
func askApplication(name string, argocd func(args ...string) ([]byte, error)) ([]byte, error) {
	data, err := argocd("app", "get", name, "-o", "json")
	refused := (*argocdError)(nil)
	if !errors.As(err, &refused) || !strings.Contains(refused.message, "PermissionDenied") {
		return data, err
	}
	namespace, short := "", name
	args := []string{"app", "list", "-o", "json"}
	if ns, n, ok := strings.Cut(name, "/"); ok {
		namespace, short = ns, n
		args = append(args, "--app-namespace", ns)
	}
	all, listing := argocd(args...)
	if listing != nil {
		return nil, err // the first refusal says what is missing
	}
	data, found := pickApplication(all, namespace, short)
	if !found {
		return nil, err
	}
	return data, nil
}

// pickApplication finds an Application in a list: of a name alone, the one in
// Argo CD's own namespace where there are several.
func pickApplication(list []byte, namespace, name string) (json.RawMessage, bool) {
	var apps []json.RawMessage
	if json.Unmarshal(list, &apps) != nil {
		return nil, false
	}
	var same []json.RawMessage
	for _, raw := range apps {
		var app struct {
			Metadata struct{ Name, Namespace string }
			Status   struct{ ControllerNamespace string }
		}
		if json.Unmarshal(raw, &app) != nil || app.Metadata.Name != name {
			continue
		}
		switch {
		case app.Metadata.Namespace == namespace:
			return raw, true
		case namespace != "":
		case app.Metadata.Namespace == app.Status.ControllerNamespace:
			return raw, true
		default:
			same = append(same, raw)
		}
	}
	if len(same) != 1 {
		return nil, false
	}
	return same[0], true
}
