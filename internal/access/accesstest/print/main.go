// Command print writes the table of package accesstest as JSON, a line for
// each group, with the admission policy: tests in other modules read it.
package main

import (
	"encoding/json"
	"log"
	"os"

	"kesbridge/internal/access"
	"kesbridge/internal/access/accesstest"
	"kesbridge/internal/manifest"
)

type group struct {
	Name string
	// Objects are the policy and its binding, YAML and JSON.
	Objects, JSON []string
	Cases         []one
}

type one struct {
	Name, Namespace, KES string
	Annotations, Git     map[string]string
	Permits, Policy      bool
	Why                  string
}

func main() {
	log.SetFlags(0)
	out := json.NewEncoder(os.Stdout)
	for _, g := range accesstest.Groups() {
		p, err := g.Policy()
		print(out, g, p, err)
	}
	g, p, err := accesstest.Large()
	print(out, g, p, err)
}

func print(out *json.Encoder, g accesstest.Group, p access.Policy, err error) {
	var objects []manifest.Map
	if err == nil {
		objects, err = access.AdmissionPolicy(p)
	}
	if err != nil {
		log.Fatal(err)
	}
	line := group{Name: g.Name}
	for _, o := range objects {
		line.Objects = append(line.Objects, string(manifest.PrintYAML(o)))
		line.JSON = append(line.JSON, string(manifest.PrintJSON(o, "")))
	}
	for i := range g.Cases {
		c := &g.Cases[i]
		line.Cases = append(line.Cases, one{c.Name, g.Namespace(c), g.KES(c), g.Annotations(c), g.Git(c), c.KES, c.Policy, c.Why})
	}
	if err := out.Encode(line); err != nil {
		log.Fatal(err)
	}
}
