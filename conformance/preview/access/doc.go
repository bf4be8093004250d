// Package access tries the admission policy that kesbridge generates on a real
// kube-apiserver: what KES permitted it lets through, what KES refused it
// refuses, for the ExternalSecrets that kesbridge makes of KES's. The table is
// internal/access/accesstest; its answers were taken from KES 8.5.5's own code.
package access
