package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
)

//go:embed page/page.html page/page.css page/page.js
var page embed.FS

// html is one file: the JSON report as data, and a script that shows it. The
// script sets texts, never markup, and the policy allows this script and this
// style by their digests and nothing else, so that the page can't load, send
// or run anything, whatever names it shows.
func html(w io.Writer, r *Report, o Options) error {
	read := func(name string) string {
		b, err := page.ReadFile("page/" + name)
		if err != nil {
			panic(err) // embedded
		}
		return string(b)
	}
	// encoding/json writes <, > and & as escapes: no </script> in it.
	data, err := json.Marshal(struct {
		Document
		States []State  `json:"states"`
		Places []onPage `json:"places"`
	}{r.document(), States(), pagePlaces(r)})
	if err != nil {
		return err
	}
	css, js := read("page.css"), read("page.js")
	_, err = strings.NewReplacer("{{css}}", css, "{{js}}", js, "{{css-digest}}", cspDigest(css), "{{js-digest}}", cspDigest(js), "{{data}}", string(data)).
		WriteString(w, read("page.html"))
	return err
}

// onPage is a finding and where it was seen.
type onPage struct {
	Finding
	Where string   `json:"where"`
	In    []string `json:"in"`
}

func pagePlaces(r *Report) []onPage {
	list := []onPage{}
	for _, p := range worstFirst(r.places()) {
		list = append(list, onPage{p.Finding, plain(p.Pos.String()), p.apps})
	}
	return list
}

func cspDigest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
