package argocd

import (
	"encoding/json"
	"fmt"
	"slices"
)

// selector is a metav1.LabelSelector without its limits on values: parameters
// such as a cluster's URL are matched, too (applicationset/utils/selector.go).
type selector struct {
	MatchLabels      map[string]string `json:"matchLabels"`
	MatchExpressions []struct {
		Key      string   `json:"key"`
		Operator string   `json:"operator"`
		Values   []string `json:"values"`
	} `json:"matchExpressions"`
}

// newSelector gives nil where there is none.
func newSelector(tree any) (*selector, error) {
	if tree == nil {
		return nil, nil
	}
	b, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("read selector: %w", err)
	}
	s := &selector{}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("read selector: %w", err)
	}
	for _, e := range s.MatchExpressions {
		switch e.Operator {
		case "In", "NotIn":
			if len(e.Values) == 0 {
				return nil, fmt.Errorf("selector %s: for 'in', 'notin' operators, values set can't be empty", e.Key)
			}
		case "Exists", "DoesNotExist":
			if len(e.Values) > 0 {
				return nil, fmt.Errorf("selector %s: values set must be empty for exists and does not exist", e.Key)
			}
		default:
			return nil, fmt.Errorf("selector %s: %q is not a valid operator", e.Key, e.Operator)
		}
	}
	return s, nil
}

func (s *selector) empty() bool {
	return s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0
}

func (s *selector) matches(labels map[string]string) bool {
	if s == nil {
		return true
	}
	for k, want := range s.MatchLabels {
		if got, ok := labels[k]; !ok || got != want {
			return false
		}
	}
	for _, e := range s.MatchExpressions {
		got, ok := labels[e.Key]
		in := ok && slices.Contains(e.Values, got)
		if e.Operator == "In" && !in || e.Operator == "NotIn" && in ||
			e.Operator == "Exists" && !ok || e.Operator == "DoesNotExist" && ok {
			return false
		}
	}
	return true
}
