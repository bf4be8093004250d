package lodash

import (
	"math"
	"strconv"
	"strings"
)

// jsNumber is Number::toString of ECMAScript (base 10).
func jsNumber(n float64) string {
	switch {
	case math.IsNaN(n):
		return "NaN"
	case math.IsInf(n, 1):
		return "Infinity"
	case math.IsInf(n, -1):
		return "-Infinity"
	case n == 0:
		return "0"
	}
	if a := math.Abs(n); a >= 1e-6 && a < 1e21 {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	s := strconv.FormatFloat(n, 'e', -1, 64) // 1e-07, JavaScript: 1e-7
	mantissa, exponent, _ := strings.Cut(s, "e")
	sign := exponent[:1]
	return mantissa + "e" + sign + strings.TrimLeft(exponent[1:], "0")
}

// jsString is String(c) of a constant.
func jsString(c any) string {
	switch c := c.(type) {
	case string:
		return c
	case float64:
		return jsNumber(c)
	case bool:
		return strconv.FormatBool(c)
	case nil:
		return "null"
	}
	return "undefined"
}

func truthyConst(c any) bool {
	switch c := c.(type) {
	case string:
		return c != ""
	case float64:
		return c != 0 && !math.IsNaN(c)
	case bool:
		return c
	}
	return false
}
