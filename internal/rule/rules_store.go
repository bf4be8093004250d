package rule

import "kesbridge/internal/manifest"

// What Git doesn't tell about a generated store.
var (
	StoreUnknown = Rule{
		ID: "KES206", Name: "store-unknown", Severity: manifest.Warning,
		Summary: "something that a generated store depends on doesn't stand in Git",
		Detail: "kesbridge stores fills in what the KES resource and the settings of KES's Deployment tell, and never guesses: a value that a Secret holds, credentials that ESO wants in a " +
			"Secret of its own or that stand in Git in plain text, an identity that only the cloud knows. The message gives the field. The store is printed; with what is missing it " +
			"reads what KES read.",
		Fix: "see to what the message says before the store is used",
	}
	StoreNotPrinted = Rule{
		ID: "KES207", Name: "store-not-printed", Severity: manifest.Warning,
		Summary: "a store can't be generated from what stands in Git",
		Detail: "The CRD or ESO refuses the store without the fields that the message names, or it would read from elsewhere or as somebody else than KES did. Such a store is not printed: " +
			"half a store would be worse than none.",
		Fix: "name KES's settings in kesbridge.yaml (controller.from, or a value that no file tells under controller.env), write what is missing into the KES resource, or create the store by hand under the same name",
	}
)
