package convert

import (
	"regexp"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
)

// secretsManager: AWS Secrets Manager. KES asks with VersionId if versionId
// is truthy, else with VersionStage, default AWSCURRENT
// (lib/backends/secrets-manager-backend.js:29,53-58 of 8.5.5). ESO takes
// "uuid/<id>" for an id, other text for a stage, nothing for AWSCURRENT
// (aws/secretsmanager constructSecretValue, v0.9.20-v2.9.0).
func secretsManager() backend {
	return backend{
		provider:   property.AWS,
		itemFields: []string{"versionStage", "versionId"},
		specFields: []string{"roleArn", "region"},
		remote: func(c *conv, it *kes.Item) (eso.RemoteRef, bool) {
			ref := eso.RemoteRef{Key: it.Key}
			switch {
			case it.VersionID != "":
				ref.Version = "uuid/" + it.VersionID
			case it.VersionStage == nil || *it.VersionStage == "AWSCURRENT":
			case *it.VersionStage == "":
				c.report(rule.NeverWorked, it.FieldPos("versionStage"), "%s.versionStage is empty: KES sent an empty stage, which AWS refuses", it.Path)
				return ref, false
			case strings.HasPrefix(*it.VersionStage, "uuid/"):
				c.report(rule.NoEquivalent, it.FieldPos("versionStage"), "%s.versionStage %s: ESO would take it for a version id", it.Path, *it.VersionStage)
				return ref, false
			default:
				ref.Version = *it.VersionStage
			}
			return ref, true
		},
	}
}

// systemManager: SSM Parameter Store. versionId and versionStage are ignored,
// name:version in the key goes through in both (system-manager-backend.js:52-57;
// ESO parameterstore parameterNameWithVersion).
func systemManager() backend {
	return backend{
		provider:   property.AWS,
		specFields: []string{"roleArn", "region"},
		remote: func(_ *conv, it *kes.Item) (eso.RemoteRef, bool) {
			return eso.RemoteRef{Key: it.Key}, true
		},
		path: parametersByPath,
	}
}

// parametersByPath: KES names the parameters below a path by basename
// (system-manager-backend.js:75-139). ESO's find always reads recursively and
// matches the regexp against the full name (parameterstore findByName,
// v0.9.20-v2.9.0); the rewrite makes basenames of what it found.
func parametersByPath(c *conv, it *kes.Item) {
	path := strings.TrimRight(it.FromPath, "/")
	find := eso.Find{Path: path, Regexp: "^" + regexp.QuoteMeta(path) + "/[^/]+$"}
	switch {
	case path == "" && it.Recursive:
		find = eso.Find{Path: "/", Regexp: ".*"}
	case path == "":
		// Top-level parameters may be listed without a slash.
		find = eso.Find{Path: "/", Regexp: "^/?[^/]+$"}
	case it.Recursive:
		find.Regexp = "^" + regexp.QuoteMeta(path) + "/.+$"
	}
	if it.Recursive {
		c.report(rule.PathCollision, it.FieldPos("path"), "%s reads %s recursively: if two parameters below it have one basename, KES took the last, ESO takes one at random", it.Path, it.FromPath)
	}
	if it.Has("isBinary") {
		c.report(rule.NoEffect, it.FieldPos("isBinary"), "%s.isBinary has no effect next to path", it.Path)
	}
	c.pathPrecedence(it)
	c.out.DataFrom = append(c.out.DataFrom, eso.DataFrom{
		Find:    &find,
		Rewrite: []eso.Rewrite{{Source: "^.*/", Target: ""}},
	})
	c.shapes.path = true
}

// pathPrecedence: KES lets the later item win, ESO lets data win over
// dataFrom, so a path after data items is another order.
func (c *conv) pathPrecedence(it *kes.Item) {
	for i := range c.in.Spec.Data {
		other := &c.in.Spec.Data[i]
		if other.Path == it.Path {
			return
		}
		if other.FromPath == "" {
			c.report(rule.PathPrecedence, it.FieldPos("path"), "%s comes after %s: if %s holds a parameter called %s, KES used that one, ESO uses %s", it.Path, other.Path, it.FromPath, other.Name, other.Path)
			return
		}
	}
}
