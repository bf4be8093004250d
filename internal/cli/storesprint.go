package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/internal/store"
)

// print says what was found, and prints the stores if nothing is in the way.
func (g *gathering) print(entries []storeEntry, policies []manifest.Map) error {
	a, o := g.app, g.o
	failed := g.conclude(entries)
	var b bytes.Buffer
	switch g.flags.output {
	case "json":
		if err := storesJSON(&b, entries, policies); err != nil {
			return err
		}
	case "table":
		storesTable(&b, entries, a.colourful(), width(a.out))
	default:
		if failed {
			return nil
		}
		storesYAML(&b, entries, policies)
	}
	if len(g.uses) == 0 && g.skipped == 0 && !o.quiet {
		fmt.Fprintln(a.err, "kesbridge: no KES resources: no stores are needed")
	}
	if _, err := a.out.Write(b.Bytes()); err != nil {
		return writeError(err)
	}
	return nil
}

// conclude prints the findings and the account, and sets the exit code.
func (g *gathering) conclude(entries []storeEntry) (failed bool) {
	a, o := g.app, g.o
	for _, f := range g.about {
		g.run.AddFor(f.options, f.finding)
	}
	fs, _ := g.run.Finish()
	p := a.palette()
	for _, f := range fs {
		f.Pos.File, f.Message = g.relative(f.Pos.File), g.relative(f.Message)
		printFinding(a.err, p, f)
	}
	// An error that was waived is accepted here: nothing is lost by it.
	failed = fs.Worst() >= o.failOn
	if failed {
		a.code = exitFindings
	}
	if o.quiet && !failed {
		return failed
	}
	count := map[string]int{}
	for _, e := range entries {
		count[e.state]++
	}
	s := fmt.Sprintf("kesbridge: %s for %s", plural(len(entries), "store"), plural(store.Secrets(g.uses), "KES resource"))
	for _, state := range []string{storeGenerated, storeInGit, storeExisting, storeIncomplete, storeConflict} {
		if n := count[state]; n > 0 {
			s += fmt.Sprintf(", %d %s", n, state)
		}
	}
	if g.skipped > 0 {
		s += fmt.Sprintf("; %s not read", plural(g.skipped, "app"))
	}
	if failed && g.flags.output == "yaml" {
		s += "; nothing was printed"
	}
	fmt.Fprintln(a.err, s)
	return failed
}

// storesYAML prints manifests with what ESO must be allowed beside them.
func storesYAML(w io.Writer, entries []storeEntry, policies []manifest.Map) {
	first := true
	document := func(comments []string, m manifest.Map) {
		if !first {
			fmt.Fprintln(w, "---")
		}
		first = false
		for _, c := range comments {
			fmt.Fprintln(w, strings.TrimRight("# "+report.Plain(c), " "))
		}
		_, _ = w.Write(manifest.PrintYAML(m))
	}
	for i := range entries {
		e := &entries[i]
		if e.generated.Object == nil {
			continue
		}
		document(e.comments(), e.generated.Object)
	}
	for _, p := range policies {
		document(nil, p)
	}
}

// comments are what a reader of the manifest needs to know.
func (e *storeEntry) comments() []string {
	s := &e.served
	out := []string{fmt.Sprintf("For %s of %s.", plural(s.Secrets(), "KES resource"), few(s.Apps(), 5))}
	if len(e.generated.Grants) > 0 {
		out = append(out, "Access, since KES's own goes with KES:")
		for _, g := range e.generated.Grants {
			out = append(out, "- "+g)
		}
	}
	if len(e.generated.Secrets) > 0 {
		out = append(out, "It reads its credentials from:")
		for _, k := range e.generated.Secrets {
			out = append(out, "- Secret "+strings.TrimPrefix(k.Namespace+"/"+k.Name, "/")+", key "+k.Key)
		}
	}
	for _, u := range e.generated.Unknown {
		out = append(out, "To see to: "+u.Path+": "+u.Text)
	}
	return out
}

// few names some of a list.
func few(list []string, most int) string {
	if len(list) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
	}
	return strings.Join(list, ", ")
}

// storesTable is for people; on a terminal no line is longer than it is wide.
func storesTable(w io.Writer, entries []storeEntry, colour bool, width int) {
	head := []string{"STORE", "BACKEND", "STATE", "NAMED BY", "SECRETS", "APPS", "NAMESPACES"}
	clusters := slices.ContainsFunc(entries, func(e storeEntry) bool { return e.served.Cluster != "" })
	if clusters {
		head = append([]string{"CLUSTER"}, head...)
	}
	rows := [][]string{head}
	for i := range entries {
		e := &entries[i]
		s := &e.served
		name := s.Ref.Kind + "/" + s.Ref.Name
		if s.Namespace != "" {
			name = s.Ref.Kind + "/" + s.Namespace + "/" + s.Ref.Name
		}
		namespaces := s.Namespaces()
		for i := range namespaces {
			namespaces[i] = cmp.Or(namespaces[i], "?")
		}
		row := []string{name, s.Needs[0].Backend, e.state, e.from, fmt.Sprint(s.Secrets()), few(s.Apps(), 3), few(namespaces, 3)}
		if clusters {
			row = append([]string{cmp.Or(s.Cluster, "-")}, row...)
		}
		rows = append(rows, row)
	}
	wide := make([]int, len(head))
	for _, row := range rows {
		for i := range row {
			row[i] = report.Plain(row[i])
			wide[i] = max(wide[i], utf8.RuneCountInString(row[i]))
		}
	}
	p := palette{colour}
	for n, row := range rows {
		line := ""
		for i, c := range row {
			line += c + strings.Repeat(" ", wide[i]-utf8.RuneCountInString(c)+2)
		}
		line = strings.TrimRight(line, " ")
		if r := []rune(line); width > 0 && len(r) > width {
			line = string(r[:width])
		}
		if n == 0 {
			line = p.bold(line)
		}
		fmt.Fprintln(w, line)
	}
}

// storeJSON is one store for machines.
type storeJSON struct {
	Kind        string        `json:"kind"`
	Name        string        `json:"name"`
	Namespace   string        `json:"namespace,omitempty"`
	Cluster     string        `json:"cluster,omitempty"`
	Backend     string        `json:"backend"`
	State       string        `json:"state"`
	NamedBy     string        `json:"namedBy"`
	File        string        `json:"file,omitempty"`
	Secrets     int           `json:"secrets"`
	Apps        []string      `json:"apps"`
	In          []string      `json:"namespaces"`
	Users       []userJSON    `json:"users"`
	Grants      []string      `json:"grants,omitempty"`
	Unknown     []unknownJSON `json:"unknown,omitempty"`
	Credentials []secretJSON  `json:"credentials,omitempty"`
	Manifest    string        `json:"manifest,omitempty"`
}

type unknownJSON struct {
	Path     string `json:"path"`
	Text     string `json:"text"`
	Required bool   `json:"required"`
}

type secretJSON struct {
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Key       string `json:"key"`
}

type userJSON struct {
	App       string `json:"app"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Place     string `json:"place"`
}

func storesJSON(w io.Writer, entries []storeEntry, policies []manifest.Map) error {
	out := struct {
		Stores   []storeJSON `json:"stores"`
		Policies []string    `json:"policies,omitempty"`
	}{Stores: []storeJSON{}}
	for i := range entries {
		e := &entries[i]
		s, gen := &e.served, &e.generated
		j := storeJSON{
			Kind: s.Ref.Kind, Name: s.Ref.Name, Namespace: s.Namespace, Cluster: s.Cluster, Backend: s.Needs[0].Backend,
			State: strings.ReplaceAll(e.state, " ", "-"), NamedBy: e.from, File: e.inGit.String(), Secrets: s.Secrets(), Apps: s.Apps(), In: s.Namespaces(),
			Grants: gen.Grants,
		}
		for _, u := range s.Uses {
			j.Users = append(j.Users, userJSON{u.App, u.Ref.Namespace, u.Ref.Name, u.Pos.String()})
		}
		for _, u := range gen.Unknown {
			j.Unknown = append(j.Unknown, unknownJSON{u.Path, u.Text, u.Required})
		}
		for _, k := range gen.Secrets {
			j.Credentials = append(j.Credentials, secretJSON{k.Namespace, k.Name, k.Key})
		}
		if gen.Object != nil {
			j.Manifest = string(manifest.PrintYAML(gen.Object))
		}
		out.Stores = append(out.Stores, j)
	}
	for _, p := range policies {
		out.Policies = append(out.Policies, string(manifest.PrintYAML(p)))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}
