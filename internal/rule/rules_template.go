package rule

import "kesbridge/internal/manifest"

// The user's own templates (templates in kesbridge.yaml).
var (
	SuppliedTemplate = Rule{
		ID: "KES125", Name: "supplied-template", Severity: manifest.Info,
		Summary: "a lodash expression was replaced by a template of kesbridge.yaml",
		Detail: "A templates rule gives the Go template that prints what KES printed in the expression's place. Nothing looks at whether it does while converting: " +
			"kesbridge verify runs it and KES's JavaScript on the same made-up values and compares.",
		Fix: "run kesbridge verify on this object after each change of the rule",
	}
	TemplateFunction = Rule{
		ID: "KES126", Name: "template-function", Severity: manifest.Error,
		Summary: "a template of kesbridge.yaml calls a function that the ESO version in use hasn't",
		Detail: "ESO's template engine gained and lost functions between releases; with one that is missing the ExternalSecret never becomes ready. Without an ESO version " +
			"set, only functions that all releases have may be called.",
		Fix: "write the template with other functions, or set --eso-version to the installed version",
	}
	UnusedTemplate = Rule{
		ID: "KES308", Name: "unused-template", Severity: manifest.Warning,
		Summary: "a templates rule of kesbridge.yaml that replaced nothing",
		Detail: "Its match holds for KES resources with lodash templates, but in none of them stands its expression: either it is misspelled, or the manifest has changed. " +
			"Where no such resource was in the run at all (another application's rule) it is only an info. Blanks inside of the delimiters don't count; all else is compared as it stands. " +
			"A piece of statements (<% %>) prints nothing and can't be replaced alone: the expression is the whole text then.",
		Fix: "copy the expression from the manifest, narrow the rule's match, or delete the rule",
	}
)
