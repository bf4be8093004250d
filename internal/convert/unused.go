package convert

import (
	"fmt"
	"slices"

	"kesbridge/internal/kes"
	"kesbridge/internal/rule"
)

// unused names fields that KES's code never read for this backend.
func (c *conv) unused() {
	s := &c.in.Spec
	for _, f := range []string{"vaultMountPoint", "vaultRole", "kvVersion", "keyVaultName", "projectId", "roleArn", "region", "keyByName"} {
		if pos := s.Pos(f); !pos.IsZero() && !slices.Contains(c.be.specFields, f) {
			c.report(rule.NoEffect, pos, "spec.%s has no effect with backendType %s", f, s.Backend)
		}
	}
	for _, list := range [][]kes.Item{s.Data, s.DataFromWithOptions} {
		for _, f := range []string{"version", "versionStage", "versionId", "secretType", "recursive"} {
			c.unusedIn(list, f)
		}
	}
	for i := range s.DataFromWithOptions {
		if it := &s.DataFromWithOptions[i]; it.IsBinary {
			c.report(rule.NoEffect, it.FieldPos("isBinary"), "%s.isBinary has no effect: KES never read it there, so nothing is decoded", it.Path)
		}
	}
	c.controllerID()
}

func (c *conv) unusedIn(items []kes.Item, field string) {
	var first *kes.Item
	n := 0
	for i := range items {
		it := &items[i]
		read := slices.Contains(c.be.itemFields, field)
		if field == "recursive" {
			read = it.FromPath != ""
		} else if it.FromPath != "" {
			read = false
		}
		if it.Has(field) && !read {
			if first == nil {
				first = it
			}
			n++
		}
	}
	if first == nil {
		return
	}
	also := ""
	if n > 1 {
		also = fmt.Sprintf(" (and %d more)", n-1)
	}
	c.report(rule.NoEffect, first.FieldPos(field), "%s.%s%s has no effect here: KES never read it for %s", first.Path, field, also, c.in.Spec.Backend)
}

// controllerID: KES handles an object only if its id equals INSTANCE_ID
// (lib/external-secret.js); ESO decides by the store's spec.controller.
func (c *conv) controllerID() {
	id := c.in.Spec.ControllerID
	instance, known := c.opts.Settings.Controller["INSTANCE_ID"]
	switch {
	case known && id != instance:
		c.report(rule.ForeignController, c.in.Spec.Pos("controllerId"), "spec.controllerId is %q, but KES runs with INSTANCE_ID %q and does not serve this object", id, instance)
	case id != "":
		c.report(rule.NoEffect, c.in.Spec.Pos("controllerId"), "spec.controllerId %q is not carried over: ESO chooses by spec.controller of the store", id)
	}
}
