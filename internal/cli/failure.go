package cli

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/limit"
	"kesbridge/internal/manifest"
	"kesbridge/internal/report"
	"kesbridge/internal/sidecar"
)

// maxMessage bounds what Argo CD is to show, which it keeps in its cache and
// in the Application's status.
const maxMessage = 4 << 10

// fail prints what went wrong: the most important line first, then the app,
// then how to see it on a laptop.
func (g *generation) fail(err error) {
	a := g.app
	a.code = exitFailure
	if busy := (*limit.BusyError)(nil); errors.As(err, &busy) {
		fmt.Fprint(a.err, sidecar.Refusal(busy, a.getenv))
		return
	}
	var b bytes.Buffer
	var f *findingsError
	if errors.As(err, &f) {
		a.code = exitFindings
		writeFindings(&b, f)
	} else {
		fmt.Fprintf(&b, "%s\n", report.PlainLines(strings.TrimSpace(err.Error())))
		if hint := whatToDo(err); hint != "" {
			fmt.Fprintf(&b, "  %s\n", hint)
		}
	}
	tail := ""
	if g.call != nil {
		c := g.call
		tail = fmt.Sprintf("app %s, project %s, path %s, revision %s\nreproduce: %s\n", sidecar.Clip(c.shortApp()), sidecar.Clip(or(c.project, "?")), sidecar.Clip(or(c.path, ".")), sidecar.Clip(or(c.revision, "?")), g.reproduce())
	}
	text := b.String()
	if g.call != nil {
		text = g.call.relative(text, g.scratch)
	}
	if room := maxMessage - len(tail); len(text) > room {
		const more = "\n... (more; reproduce it to see all)\n"
		text = strings.ToValidUTF8(text[:room-len(more)], "") + more
	}
	fmt.Fprint(a.err, text+tail)
}

func or(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return v
}

// writeFindings prints those that fail the run, the worst first.
func writeFindings(b *bytes.Buffer, e *findingsError) {
	list := slices.Clone(e.fs)
	slices.SortStableFunc(list, func(x, y manifest.Finding) int { return int(y.Severity) - int(x.Severity) })
	n := 0
	said := map[string]bool{}
	for _, f := range list {
		if f.Severity < e.least {
			break
		}
		if f.Waived != "" && f.Severity < manifest.Error {
			continue
		}
		n++
		if said[f.Fix] {
			f.Fix = "" // the room is small
		}
		said[f.Fix] = true
		printFinding(b, palette{}, f)
	}
	fmt.Fprintf(b, "%s; nothing was rendered\n", plural(n, "finding"))
}

// reproduce is a command line that shows the same on a laptop. What may hold a
// secret, such as a chart's values, isn't repeated: the Application's manifest
// has it.
func (g *generation) reproduce() string {
	var args []string
	add := func(name, value string) {
		if value != "" {
			args = append(args, "--"+name, sidecar.Quote(value))
		}
	}
	o := g.options
	// The way that is always short enough: the manifest has the rest.
	inManifest := func(args []string) string {
		return "kesbridge render --application APPLICATION.yaml " + strings.Join(args, " ") + " (with the manifest of Application " + sidecar.Clip(g.call.shortApp()) + ")"
	}
	mode := o.mode
	if mode == "" && g.opts.Settings != nil {
		mode = g.opts.Settings.DefaultMode
	}
	add("mode", mode)
	add("cluster", o.cluster)
	add("eso-version", o.esoVersion)
	add("store", o.store)
	add("store-kind", o.storeKind)
	add("fidelity", o.fidelity)
	if len(o.source) > 0 {
		if len(strings.Join(args, " ")) > maxMessage/4 {
			args = nil
		}
		return inManifest(args)
	}
	add("app-name", g.call.app)
	add("app-namespace", g.call.namespace)
	add("kube-version", g.call.kubeVersion)
	var lists []string
	for _, v := range g.call.apiVersions {
		if strings.HasPrefix(v, eso.Group+"/") && strings.Count(v, "/") == 2 {
			lists = append(lists, v)
		}
	}
	if o.esoVersion == "" {
		add("api-versions", strings.Join(lists, ","))
	}
	s := "kesbridge render " + sidecar.Quote(filepath.ToSlash(or(g.call.path, "."))) + " " + strings.Join(args, " ")
	if len(s) > maxMessage/2 {
		return inManifest(nil)
	}
	return s
}
