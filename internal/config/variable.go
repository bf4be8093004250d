package config

import (
	"slices"
	"strconv"
	"strings"

	"kesbridge/internal/kes"
	"kesbridge/internal/spelling"
)

// checkVariable refuses a name that is a slip away from a known one. Other
// unknown names are fine: a Deployment holds more than KES reads, and the
// point of this key is that its environment can be copied.
func checkVariable(name string) string {
	variables := kes.Variables()
	if slices.Contains(variables, name) {
		return ""
	}
	if s := spelling.Closest(name, variables); s != "" && (spelling.Distance(name, s) <= 2 || strings.EqualFold(name, s)) {
		return "is not a variable of KES: did you mean " + strconv.Quote(s) + "?"
	}
	return ""
}

// IsVariable reports whether KES, or a library under it, reads a variable.
func IsVariable(name string) bool { return kes.IsVariable(name) }
