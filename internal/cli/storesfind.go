package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"kesbridge/internal/config"
	"kesbridge/internal/kes"
	"kesbridge/internal/report"
	"kesbridge/internal/survey"
)

// storesFind is stores --find: where the repository installs KES, what
// that tells of its settings, and what to write into kesbridge.yaml.
func (a *app) storesFind(ctx context.Context, o options, f storesFlags, paths []string) error {
	if len(paths) > 1 {
		return &usageError{"kesbridge stores", errors.New("--find looks through one repository: give one directory, or none")}
	}
	dir := "."
	if len(paths) == 1 {
		dir = paths[0]
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return &usageError{"kesbridge stores", fmt.Errorf("--find looks through a repository: %s is a file", dir)}
	}
	root, err := config.Root(dir)
	if err != nil {
		return fmt.Errorf("find the repository: %w", err)
	}
	done := a.progress(dir)
	found, err := a.findControllers(ctx, o, root)
	done()
	if err != nil {
		return err
	}
	run := newRun(o)
	for _, one := range found {
		run.Add(controllerFindings(one.Controller)...)
	}
	fs, _ := run.Finish()
	for _, finding := range fs {
		printFinding(a.err, a.palette(), finding)
	}
	if fs.Worst() >= o.failOn {
		a.code = exitFindings
	}
	if f.output == "json" {
		if err := foundJSON(a.out, found); err != nil {
			return writeError(err)
		}
	} else if _, err := a.out.Write(survey.Snippet(found)); err != nil {
		return writeError(err)
	}
	if !o.quiet {
		fmt.Fprintf(a.err, "kesbridge: %s of KES found\n", plural(len(found), "installation"))
	}
	return nil
}

// controllerJSON is one KES for machines: no value of a secret is in it.
type controllerJSON struct {
	Place          string            `json:"place"`
	What           string            `json:"what"`
	From           string            `json:"from"`
	Clusters       []clusterJSON     `json:"clusters"`
	Note           string            `json:"note,omitempty"`
	Namespace      string            `json:"namespace,omitempty"`
	Name           string            `json:"name,omitempty"`
	Env            map[string]string `json:"env"`
	Refs           []refJSON         `json:"refs,omitempty"`
	PlainText      []string          `json:"plainText,omitempty"`
	ServiceAccount string            `json:"serviceAccount,omitempty"`
	Annotations    map[string]string `json:"serviceAccountAnnotations,omitempty"`
	Open           []string          `json:"open,omitempty"`
}

type clusterJSON struct {
	Name   string `json:"name,omitempty"`
	Server string `json:"server,omitempty"`
}

type refJSON struct {
	Variable string `json:"variable"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Key      string `json:"key"`
}

func foundJSON(w io.Writer, found []survey.Found) error {
	out := struct {
		Controllers []controllerJSON `json:"controllers"`
	}{Controllers: []controllerJSON{}}
	for _, f := range found {
		c := f.Controller
		j := controllerJSON{
			Place: fmt.Sprintf("%s:%d", f.Place.File, f.Place.Line), What: f.Place.What, From: f.From, Clusters: []clusterJSON{}, Note: f.Note,
			Namespace: c.Namespace, Name: c.Name, Env: c.Env, PlainText: c.Plain,
			ServiceAccount: c.ServiceAccount.Name, Annotations: c.ServiceAccount.Annotations,
		}
		if j.Env == nil {
			j.Env = map[string]string{}
		}
		for _, one := range f.Clusters {
			j.Clusters = append(j.Clusters, clusterJSON{one.Name, one.Server})
		}
		for _, name := range slices.Sorted(maps.Keys(c.Refs)) {
			j.Refs = append(j.Refs, refOf(name, c.Refs[name]))
		}
		for _, open := range c.Open {
			j.Open = append(j.Open, report.Plain(open.What))
		}
		out.Controllers = append(out.Controllers, j)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

func refOf(variable string, k kes.Key) refJSON {
	return refJSON{variable, k.Kind, k.Name, k.Key}
}
