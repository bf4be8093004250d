// +argocd:skip-file-rendering
error "not read"
