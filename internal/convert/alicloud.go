package convert

import (
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
)

// alicloud: Alibaba Cloud KMS Secrets Manager. ESO has it up to 1.3 only
// (removed in v2.0.0, commit c6e1a3570), sends version as VersionId and never
// a stage; KES sends the stage and ignores versionId
// (lib/backends/alicloud-secrets-manager-backend.js:37-48 of 8.5.5).
func alicloud() backend {
	return backend{
		provider:   property.Alibaba,
		itemFields: []string{"versionStage"},
		specFields: []string{"roleArn"},
		remote: func(c *conv, it *kes.Item) (eso.RemoteRef, bool) {
			if !c.opts.Profile.HasProvider("alibaba") {
				c.alibabaGone()
				return eso.RemoteRef{}, false
			}
			if it.VersionStage != nil && *it.VersionStage != "" && *it.VersionStage != "ACSCurrent" {
				c.report(rule.NoEquivalent, it.FieldPos("versionStage"), "%s.versionStage %s: ESO's Alibaba provider never sends a stage; only the current version can be read", it.Path, *it.VersionStage)
				return eso.RemoteRef{}, false
			}
			c.shapes.alibaba = true
			return eso.RemoteRef{Key: it.Key}, true
		},
	}
}

// alibabaGone is said once per object, as is what becomes of roleArn.
func (c *conv) alibabaGone() {
	for _, f := range c.fs {
		if f.Rule == rule.AlibabaGone.ID {
			return
		}
	}
	version := "no ESO version is set, and newer ones lack it"
	if v := c.opts.Profile.Version(); v != "" {
		version = "ESO " + v + " is set"
	}
	c.report(rule.AlibabaGone, c.in.Spec.Pos("backendType"), "backendType alicloudSecretsManager: ESO has the Alibaba provider only up to 1.3 (%s)", version)
}
