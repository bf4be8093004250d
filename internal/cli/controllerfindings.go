package cli

import (
	"slices"

	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// controllerFindings say which credentials of KES stand in plain text, and
// what Git doesn't tell of its settings. No value is in them.
func controllerFindings(c *kes.Controller) manifest.Findings {
	if c == nil {
		return nil
	}
	var ref manifest.Ref
	if c.Name != "" {
		ref = manifest.Ref{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: c.Namespace, Name: c.Name}
	}
	var out manifest.Findings
	for _, name := range c.Plain {
		f := rule.PlainCredential.At(c.Places[name], ref, "%s of KES stands here in plain text", name)
		switch secret := store.CredentialSecret(name); {
		case !kes.IsVariable(name):
			f.Message += "; KES doesn't read it, and ESO needs no Secret for it"
			f.Fix = "change the credential, and take it out of Git"
		case secret == "":
			f.Message += "; it is no field of a store, so that ESO's own Deployment needs it, from a Secret"
			f.Fix = "change the credential, take it out of Git, and set the new one for ESO's Deployment from a Secret"
		default:
			where := "KES's namespace"
			if c.Namespace != "" {
				where = "namespace " + c.Namespace
			}
			f.Message += ": create Secret " + secret + " with key " + name + " in " + where + ", where a ClusterSecretStore reads it; a SecretStore reads its own namespace"
		}
		out = append(out, f)
	}
	for _, o := range c.Open {
		out = append(out, rule.OpenSetting.At(o.Pos, ref, "%s", o.What))
	}
	return out
}

// sayControllers reports what is to be said of KES's settings, each once
// however many apps share them.
func (c *checking) sayControllers() {
	said := map[manifest.Finding]bool{}
	for _, r := range c.results {
		for _, opts := range r.kes {
			fs := slices.DeleteFunc(controllerFindings(opts.KES), func(f manifest.Finding) bool { return said[f] })
			for _, f := range fs {
				said[f] = true
			}
			c.run.AddFor(opts, fs...)
		}
	}
}

// settingsOf are the settings of KES that renderings are made with.
func settingsOf(rs []rendering) []pipeline.Options {
	var out []pipeline.Options
	for _, r := range rs {
		if r.options.KES != nil && !slices.ContainsFunc(out, func(o pipeline.Options) bool { return o.KES == r.options.KES }) {
			o := r.options
			o.App, o.Project = "", "" // it is about KES, not about the app
			out = append(out, o)
		}
	}
	return out
}
