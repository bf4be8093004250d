// Package survey looks through a repository for what decides how its KES
// resources are converted, and writes a first kesbridge.yaml from it. It
// proposes: what it can't know it says in comments, and no secret that stands
// there in plain text is copied.
package survey
