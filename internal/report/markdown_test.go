package report

import (
	"fmt"
	"math/rand"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"kesbridge/internal/manifest"
)

var (
	entities = regexp.MustCompile(`&#[0-9]+;`)
	// meaning is what Markdown, HTML or GitHub give a meaning to.
	meaning = regexp.MustCompile("[\\\\`*_\\[\\]<>|&~:$@#\n]|(?i:www\\.)")
	// begins is what does so at the beginning of a line.
	begins = regexp.MustCompile(`^(?:[-+=]|[0-9]+[.)])`)
)

// randomText favours what has a meaning somewhere.
func randomText(r *rand.Rand) string {
	alphabet := []string{"`", "``", "*", "_", "[", "]", "(", ")", "<", ">", "|", "&", "&amp;", "&#64;", "@", "#", "#1", "http://x.y", "www.", "wWw.", "\\", "\n", "\n\n", "\t", "- ", "1. ", "2) ", "+ ", "===", "<!--", "-->", "</details>", "</code>", "a", "b c", " ", "\x00", "\u202e", "é", "世", "🎉", "\xff", "---", "~~~", "$x$", ":tada:"}
	var b strings.Builder
	for range r.Intn(20) {
		b.WriteString(alphabet[r.Intn(len(alphabet))])
	}
	return b.String()
}

func TestProseMeansNothing(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	for range 20000 {
		in := randomText(r)
		got := prose(in)
		if rest := entities.ReplaceAllString(got, "e"); meaning.MatchString(rest) || begins.MatchString(rest) {
			t.Fatalf("%q gives %q", in, got)
		}
		if decoded := decode(got); strings.ReplaceAll(decoded, "\u200b", "") != strings.TrimLeft(plain(in), " ") {
			t.Fatalf("%q reads %q", in, decoded)
		}
		got = code(in)
		if in == "" {
			continue
		}
		inner := strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(got, "<code>"), "</code>"), "<!-- -->", "")
		if rest := entities.ReplaceAllString(inner, "e"); meaning.MatchString(rest) {
			t.Fatalf("%q gives %q", in, got)
		}
		if decode(inner) != plain(in) {
			t.Fatalf("%q reads %q", in, decode(inner))
		}
	}
}

func decode(s string) string {
	return entities.ReplaceAllStringFunc(s, func(e string) string {
		var n int
		fmt.Sscanf(e, "&#%d;", &n)
		return string(rune(n))
	})
}

// The fence ends where it is meant to.
func TestFenced(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	for range 5000 {
		lines := strings.Split(strings.TrimSuffix(fenced("diff", randomText(r)), "\n"), "\n")
		fence := strings.TrimSuffix(lines[0], "diff")
		if lines[len(lines)-1] != fence || strings.Contains(strings.Join(lines[1:len(lines)-1], "\n"), fence) {
			t.Fatalf("%q", lines)
		}
	}
}

// However much there is, the comment fits and closes what it opens.
func TestMarkdownFits(t *testing.T) {
	r := rand.New(rand.NewSource(3))
	for _, n := range []int{0, 1, 2, 5, 10, 20, 30} {
		rep := &Report{Version: "1"}
		for i := range n * n {
			a := App{ID: fmt.Sprint(i, randomText(r)), State: Plugin, Reason: randomText(r)}
			long := strings.Repeat("🎉\n"+randomText(r), r.Intn(1+n*20))
			a.Findings = []Finding{{Finding: manifest.Finding{Rule: "KES001", Severity: manifest.Severity(1 + i%3), Message: fmt.Sprint(i) + randomText(r) + long, Fix: randomText(r), Waived: []string{"", "ok " + randomText(r)}[i%2]}}}
			a.Secrets = []Secret{{Ref: manifest.Ref{Name: randomText(r)}, Before: long, After: fmt.Sprint(i) + long}}
			rep.Add(a)
		}
		var b strings.Builder
		if err := Write("markdown", &b, rep, Options{}); err != nil {
			t.Fatal(err)
		}
		got := b.String()
		if c := mdLength(got); c > maxComment || c < utf8.RuneCountInString(got) {
			t.Fatalf("%d apps: %d characters", n*n, c)
		}
		if n >= 20 && mdLength(got) < maxComment*3/4 {
			t.Errorf("%d apps: only %d characters used", n*n, mdLength(got))
		}
		checkClosed(t, got)
		if n >= 30 && !strings.Contains(got, "left out") {
			t.Error("nothing says that something was cut")
		}
	}
}

// checkClosed follows fences and details line by line, as CommonMark does.
func checkClosed(t *testing.T, s string) {
	t.Helper()
	fence, depth := "", 0
	for l := range strings.Lines(s) {
		l = strings.TrimSuffix(l, "\n")
		switch {
		case fence != "":
			if l == fence {
				fence = ""
			}
		case strings.HasPrefix(l, "```"):
			fence = strings.TrimSuffix(l, "diff")
		default:
			depth += strings.Count(l, "<details>") - strings.Count(l, "</details>")
			if depth < 0 || strings.Count(l, "<code>") != strings.Count(l, "</code>") {
				t.Fatalf("unbalanced: %q", l)
			}
		}
	}
	if fence != "" || depth != 0 {
		t.Fatalf("left open: fence %q, %d details", fence, depth)
	}
}

func TestGitHubEscapes(t *testing.T) {
	r := rand.New(rand.NewSource(4))
	for range 5000 {
		s := randomText(r) + []string{",", ":", "::", "%0A", "\r"}[r.Intn(5)]
		if p := githubProperty(s); strings.ContainsAny(p, "\r\n:,") {
			t.Fatalf("%q", p)
		}
		if d := githubData(s); strings.ContainsAny(d, "\r\n") {
			t.Fatalf("%q", d)
		}
	}
}
