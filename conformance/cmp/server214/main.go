// Command server214 is argocd-cmp-server of Argo CD 2.14.21, without the other
// programs that Argo CD's own binary also is: what cmd/main.go of that version
// does for argocd-cmp-server. It is a module of its own, since both versions
// pin Kubernetes' modules.
package main

import (
	"os"

	"github.com/argoproj/argo-cd/v2/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v2/cmd/util"
)

func main() {
	util.SetAutoMaxProcs(true)
	if err := commands.NewCommand().Execute(); err != nil {
		os.Exit(1)
	}
}
