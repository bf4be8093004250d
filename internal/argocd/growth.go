package argocd

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

var (
	directive = regexp.MustCompile(`%[^a-zA-Z%]*`)
	width     = regexp.MustCompile(`[0-9]+|\*`)
)

// growth is about what a function makes that can make much more than it is
// given: elements or bytes. Others are measured afterwards.
func growth(name string, args []reflect.Value) int64 {
	number := func(i int) int64 {
		if i >= len(args) {
			return 0
		}
		return toInt(args[i])
	}
	text := func(i int) string {
		if i >= len(args) {
			return ""
		}
		v := args[i]
		for v.Kind() == reflect.Interface && !v.IsNil() {
			v = v.Elem()
		}
		if v.Kind() != reflect.String {
			return ""
		}
		return v.String()
	}
	times := func(a, b int64) int64 {
		if a > 0 && b > 0 && a > (1<<40)/b {
			return 1 << 40
		}
		return a * b
	}
	size := func(i int) int64 { return int64(len(text(i))) + 1 }
	switch strings.TrimPrefix(strings.ToLower(name), "must") {
	case "repeat":
		return times(number(0), size(1))
	case "until":
		return abs(number(0))
	case "untilstep":
		return abs(number(1)-number(0)) / max(1, abs(number(2)))
	case "seq":
		return seqGrowth(args)
	case "indent", "nindent":
		return times(number(0), int64(strings.Count(text(1), "\n"))+1)
	case "replace":
		return times(size(1), size(2))
	case "regexreplaceall", "regexreplaceallliteral":
		return 2 * times(size(2), size(1))
	case "wrapwith":
		return times(size(1), size(2))
	case "join":
		return times(size(0), int64(maxTemplate-measure(args[len(args)-1], maxTemplate, 0)))
	case "randalphanum", "randalpha", "randascii", "randnumeric", "randbytes":
		return number(0)
	case "printf":
		return printfGrowth(text(0))
	}
	return 0
}

func abs(n int64) int64 {
	if n < 0 {
		return max(n, -1<<62) * -1
	}
	return n
}

func toInt(v reflect.Value) int64 {
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	const far = 1 << 40
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return min(max(v.Int(), -far), far)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(min(v.Uint(), far))
	case reflect.Float32, reflect.Float64:
		return int64(min(max(v.Float(), -far), far))
	case reflect.String: // sprig converts texts
		n, _ := strconv.ParseInt(v.String(), 0, 64)
		return min(max(n, -far), far)
	}
	return 0
}

// seqGrowth: `seq [first [step]] last`, each number printed.
func seqGrowth(args []reflect.Value) int64 {
	var n []int64
	for _, a := range args {
		if a.Kind() != reflect.Slice {
			n = append(n, toInt(a))
			continue
		}
		for i := range a.Len() {
			n = append(n, toInt(a.Index(i)))
		}
	}
	switch len(n) {
	case 1:
		return 2 * abs(n[0])
	case 2:
		return 2 * abs(n[1]-n[0])
	case 3:
		return 2 * abs(n[2]-n[0]) / max(1, abs(n[1]))
	}
	return 0
}

// printfGrowth adds the widths up; one that is an argument counts as much as
// fmt allows.
func printfGrowth(format string) int64 {
	var sum int64
	for _, d := range directive.FindAllString(format, -1) {
		for _, w := range width.FindAllString(d, -1) {
			n, err := strconv.ParseInt(w, 10, 64)
			if w == "*" || err != nil {
				n = 1_000_000
			}
			sum += min(n, 1_000_000)
		}
	}
	return sum
}
