// Package argocd knows what Argo CD makes of an Application before a tool
// renders it: the fields of its source, the .argocd-source files, the build
// environment, and the Applications of an ApplicationSet. It turns them into
// render.Source values.
//
// The types are lean copies of those of github.com/argoproj/argo-cd/v3
// (pkg/apis/application/v1alpha1, 3.6.0): importing them would make the binary
// three times as large. Where a comment names a rule of Argo CD's, it gives
// the file that holds it; no version there means 3.6.0.
//
// Everything that is read may come from a stranger's pull request: sizes,
// counts and time are bounded, no file outside the checkout is opened, and
// templates see neither the environment nor the network.
package argocd
