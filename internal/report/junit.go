package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"kesbridge/internal/manifest"
)

// The elements, in the order that Jenkins' junit XSD asks for; surefire's is
// laxer. There is no time: the same input gives the same bytes.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string           `xml:"name,attr"`
	Tests      int              `xml:"tests,attr"`
	Failures   int              `xml:"failures,attr"`
	Errors     int              `xml:"errors,attr"`
	Skipped    int              `xml:"skipped,attr"`
	Properties *junitProperties `xml:"properties"`
	Cases      []junitCase      `xml:"testcase"`
}

type junitProperties struct {
	List []junitProperty `xml:"property"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name  string `xml:"name,attr"`
	Class string `xml:"classname,attr"`
	// Skipped is text, not an attribute, since Jenkins' XSD has none here.
	Skipped string        `xml:"skipped,omitempty"`
	Failure *junitFailure `xml:"failure"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// junit has a suite for each app, and in it a test for the render and one for
// each KES resource. What fails the run is a failure, anything else is output.
func junit(w io.Writer, r *Report, o Options) error {
	all := junitSuites{Name: "kesbridge check"}
	if len(r.Findings) > 0 {
		all.add(junitSuite{Name: "repository", Cases: []junitCase{junitTest("repository", "findings", r.Findings, o)}})
	}
	for _, a := range r.Apps {
		all.add(junitApp(a, o))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (all *junitSuites) add(s junitSuite) {
	for _, c := range s.Cases {
		s.Tests++
		if c.Failure != nil {
			s.Failures++
		}
		if c.Skipped != "" {
			s.Skipped++
		}
	}
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Suites = append(all.Suites, s)
}

func junitApp(a App, o Options) junitSuite {
	s := junitSuite{Name: plain(a.ID), Properties: &junitProperties{[]junitProperty{
		{"state", string(a.State)}, {"kes", fmt.Sprint(a.KES)}, {"converted", fmt.Sprint(a.Converted)},
	}}}
	if a.Reason != "" {
		s.Properties.List = append(s.Properties.List, junitProperty{"reason", plain(a.Reason)})
	}
	own := map[manifest.Ref][]Finding{}
	for _, x := range a.Secrets {
		own[x.Ref] = []Finding{}
	}
	var rest []Finding
	for _, f := range a.Findings {
		if list, ok := own[f.Ref]; ok {
			own[f.Ref] = append(list, f)
		} else {
			rest = append(rest, f)
		}
	}
	render := junitTest(s.Name, "render", rest, o)
	if a.State == Skipped && render.Failure == nil {
		render.Skipped = or(plain(a.Reason), "it can't be looked at here")
	}
	s.Cases = append(s.Cases, render)
	for _, x := range a.Secrets {
		if fs, ok := own[x.Ref]; ok { // once, should a name come twice
			delete(own, x.Ref)
			s.Cases = append(s.Cases, junitTest(s.Name, plain(x.Ref.String()), fs, o))
		}
	}
	return s
}

// junitTest has one failure at the most: GitLab shows the first alone.
func junitTest(class, name string, fs []Finding, o Options) junitCase {
	c := junitCase{Name: name, Class: class}
	var failed, said []string
	for _, f := range fs {
		line := plainLines(f.Severity.String() + ": " + f.String())
		if f.Waived != "" {
			said = append(said, line+"\n  waived: "+plain(f.Waived))
			continue
		}
		if f.Severity < o.failOn() {
			said = append(said, line)
			continue
		}
		if c.Failure == nil {
			c.Failure = &junitFailure{Message: plain(f.Message), Type: plain(f.Rule)}
		}
		failed = append(failed, line)
	}
	if c.Failure != nil {
		c.Failure.Text = strings.Join(failed, "\n")
	}
	c.Out = strings.Join(said, "\n")
	return c
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
