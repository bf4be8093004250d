// Command server is argocd-cmp-server of Argo CD 3.1.16, without the other
// programs that Argo CD's own binary also is: what cmd/main.go of that version
// does for argocd-cmp-server.
package main

import (
	"os"

	"github.com/argoproj/argo-cd/v3/cmd/argocd-cmp-server/commands"
	"github.com/argoproj/argo-cd/v3/cmd/util"
)

func main() {
	util.SetAutoMaxProcs(true)
	if err := commands.NewCommand().Execute(); err != nil {
		os.Exit(1)
	}
}
