package argocd

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"sigs.k8s.io/yaml"
)

// patch applies templatePatch: a strategic merge patch by the Application's
// types, whose lists are replaced, but for finalizers and owner references
// (applicationset/controllers/template/patch.go, applyTemplatePatch). The
// project can't be changed.
func (x *expansion) patch(app []byte, patch string, params map[string]any) ([]byte, error) {
	text, err := x.render.replace(patch, params, x.render.options)
	if err != nil {
		return nil, fmt.Errorf("templatePatch: %w", err)
	}
	b := []byte(text)
	if !strings.HasPrefix(strings.TrimSpace(text), "{") {
		if b, err = yaml.YAMLToJSON(b); err != nil {
			return nil, fmt.Errorf("templatePatch: %w", err)
		}
	}
	before, check := Application{}, Application{}
	if err := json.Unmarshal(app, &before); err != nil {
		return nil, fmt.Errorf("read Application: %w", err)
	}
	if err := json.Unmarshal(b, &check); err != nil {
		return nil, fmt.Errorf("invalid templatePatch: %w", err)
	}
	if app, err = json.Marshal(before); err != nil {
		return nil, fmt.Errorf("print Application: %w", err)
	}
	out, err := strategicpatch.StrategicMergePatch(app, b, Application{})
	if err != nil {
		return nil, fmt.Errorf("apply templatePatch: %w", err)
	}
	after := Application{}
	if err := json.Unmarshal(out, &after); err != nil {
		return nil, fmt.Errorf("read patched Application: %w", err)
	}
	var tree map[string]any
	if err := json.Unmarshal(out, &tree); err != nil {
		return nil, fmt.Errorf("read patched Application: %w", err)
	}
	if spec, ok := tree["spec"].(map[string]any); ok {
		spec["project"] = before.Spec.Project
	}
	return json.Marshal(tree)
}
