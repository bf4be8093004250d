package cli

import (
	"bytes"
	"fmt"

	"kesbridge/internal/preview"
	"kesbridge/internal/report"
)

// printDifference prints one object under the header of `argocd app diff`.
func (a *app) printDifference(header, oldName string, before []byte, newName string, after []byte) error {
	p := palette{on: a.colourful()}
	header, oldName, newName = report.Plain(header), report.Plain(oldName), report.Plain(newName)
	var out bytes.Buffer
	fmt.Fprintln(&out, p.bold("===== "+header+" ======"))
	if err := preview.Unified(&out, p.on, oldName, newName, before, after); err != nil {
		return err
	}
	out.WriteByte('\n')
	if _, err := a.out.Write(out.Bytes()); err != nil {
		return writeError(err)
	}
	return nil
}
