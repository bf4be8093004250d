package accesstest

import (
	"fmt"

	"kesbridge/internal/access"
)

// Large is a group with the stores and annotations of a large fleet; its cases
// are the first and the last of them.
func Large() (Group, access.Policy, error) {
	const n = 2000
	g := Group{Name: "large"}
	for _, i := range []int{0, n - 1} {
		text, role := fmt.Sprintf(`^team-%d/.*`, i), fmt.Sprintf(`role/team-%d$`, i)
		g.Cases = append(g.Cases,
			roles(fmt.Sprintf("good-%d", i), &text, &role, withRole(fmt.Sprintf("team-%d", i), fmt.Sprintf("team-%d/db", i)), true),
			roles(fmt.Sprintf("bad-key-%d", i), &text, &role, withRole(fmt.Sprintf("team-%d", i), "team-1/db"), false),
			roles(fmt.Sprintf("bad-role-%d", i), &text, &role, withRole("team-1", fmt.Sprintf("team-%d/db", i)), false))
	}
	p, err := g.Policy()
	for i := range n {
		text, role := fmt.Sprintf(`^team-%d/.*`, i), fmt.Sprintf(`role/team-%d$`, i)
		p.Namespaces = append(p.Namespaces, access.Namespace{Name: fmt.Sprintf("team-%d", i), KeyName: &text, Role: &role})
		p.Stores = append(p.Stores, access.StoreRole{Kind: "ClusterSecretStore", Name: fmt.Sprintf("aws-sm-eu-west-1-team-%d-0a1b2c3d", i), Backend: "secretsManager", Role: "arn:aws:iam::123456789012:role/team-" + fmt.Sprint(i)})
	}
	return g, p, err
}
