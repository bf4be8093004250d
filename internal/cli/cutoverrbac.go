package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"kesbridge/internal/handover"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/place"
)

// rbacFlags are those of cutover rbac.
type rbacFlags struct {
	namespace, subject, argo string
	kes                      []string
	list, noReaders, scale   bool
}

func (a *app) cutoverRBACCommand() *cobra.Command {
	var f rbacFlags
	cmd := &cobra.Command{
		Use:   "rbac [PATH]...",
		Short: "Print the roles that cutover needs, for just these applications",
		Long: `Print, without a cluster, the roles that cutover status, run and rollback need: the Secrets of the applications
in PATHs by name, rendered as check renders them; without PATH a template with the names to fill in. Nobody
may list all Secrets with them unless --list-secrets says so.`,
		Example: "  kesbridge cutover rbac apps/shop --subject user:jane | kubectl apply -f -\n  kesbridge cutover rbac --kes kes/kubernetes-external-secrets apps/",
		RunE: func(cmd *cobra.Command, paths []string) error {
			o, err := a.options(cmd)
			if err != nil {
				return err
			}
			return a.cutoverRBAC(cmd, o, &f, paths)
		},
	}
	flags := cmd.Flags()
	// Not namespace: that is a parameter of sources.
	flags.StringVar(&f.namespace, "default-namespace", "", "`NAMESPACE` of resources for which neither the manifest nor an Application says one")
	flags.StringVar(&f.subject, "subject", "", "who gets the roles: `SUBJECT` as user:NAME, group:NAME or serviceaccount:NAMESPACE/NAME")
	flags.StringArrayVar(&f.kes, "kes", nil, "Deployment of KES, as `NAMESPACE/NAME`, may be repeated: no lists of the whole cluster are needed then (give --kes to the other commands, too)")
	flags.StringVar(&f.argo, "argocd-namespace", "argocd", "`NAMESPACE` of the Applications; empty: they are in another cluster")
	flags.BoolVar(&f.list, "list-secrets", false, "also let all Secrets of the namespaces be listed, which reads their values, too")
	flags.BoolVar(&f.scale, "scale-kes", false, "also let KES be scaled, for run --scale-kes")
	flags.BoolVar(&f.noReaders, "no-readers", false, "leave out what status needs to see who reads the Secrets")
	addFlags(cmd)
	return cmd
}

func (f *rbacFlags) roles(cmd *cobra.Command) (handover.RBAC, error) {
	r := handover.RBAC{Secrets: map[string][]string{}, Controllers: f.kes, ListSecrets: f.list, Readers: !f.noReaders, Scale: f.scale, Argo: f.argo}
	for _, k := range f.kes {
		if ns, name, ok := strings.Cut(k, "/"); !ok || !objectName.MatchString(ns) || !objectName.MatchString(name) {
			return r, &usageError{cmd.CommandPath(), fmt.Errorf("--kes %q is not NAMESPACE/NAME", k)}
		}
	}
	for _, ns := range []string{f.namespace, f.argo} {
		if ns != "" && !objectName.MatchString(ns) {
			return r, &usageError{cmd.CommandPath(), fmt.Errorf("%q is no name of a namespace", ns)}
		}
	}
	if f.subject == "" {
		return r, nil
	}
	var err error
	if r.Subject, err = handover.ParseSubject(f.subject); err != nil {
		return r, &usageError{cmd.CommandPath(), fmt.Errorf("--subject: %w", err)}
	}
	return r, nil
}

func (a *app) cutoverRBAC(cmd *cobra.Command, o options, f *rbacFlags, paths []string) error {
	r, err := f.roles(cmd)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		r.Secrets[or(f.namespace, "NAMESPACE")] = []string{"SECRET"}
	} else if err := a.secretsOf(cmd.Context(), o, f, paths, r.Secrets); err != nil {
		return err
	}
	if _, err := a.out.Write([]byte(r.Manifests())); err != nil {
		return writeError(err)
	}
	if len(paths) > 0 {
		n := 0
		for _, names := range r.Secrets {
			n += len(names)
		}
		fmt.Fprintf(a.err, "kesbridge: roles for %s in %s\n", plural(n, "Secret"), plural(len(r.Secrets), "namespace"))
	}
	return nil
}

// secretsOf renders the applications and gathers the names of their KES
// resources. What doesn't render fails: its Secrets would be missing.
func (a *app) secretsOf(ctx context.Context, o options, f *rbacFlags, paths []string, out map[string][]string) error {
	a.collect(manyHeap)
	a.limitHeap()
	defer silence()()
	c, err := a.openCheck(ctx, "cutover rbac", o, checkFlags{}, paths)
	if err != nil {
		return err
	}
	if c.root, err = os.OpenRoot(c.checkout.Root); err != nil {
		return fmt.Errorf("cutover rbac: %w", err)
	}
	defer c.root.Close()
	c.places = place.New(c.root.FS())
	if len(c.fleet.Apps) == 0 {
		return &hintError{errors.New("cutover rbac: no applications found"), "give the directories of applications or files of Applications"}
	}
	g := &naming{c: c, f: f, out: out}
	c.doing, c.each = "apps read", g.application
	if err := c.all(ctx); err != nil {
		return err
	}
	if err := errors.Join(g.errs...); err != nil {
		return err
	}
	for ns := range out {
		slices.Sort(out[ns])
		out[ns] = slices.Compact(out[ns])
	}
	return nil
}

// naming gathers names of KES resources.
type naming struct {
	c    *checking
	f    *rbacFlags
	mu   sync.Mutex
	out  map[string][]string
	errs []error
}

func (g *naming) application(ctx context.Context, j job) *checked {
	r := &checked{app: g.c.describe(j), candidate: j.candidate}
	r.app.ID = j.id
	if err := g.render(ctx, j, r); err != nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.errs = append(g.errs, fmt.Errorf("%s: %w", j.id, err))
	}
	return r
}

func (g *naming) render(ctx context.Context, j job, r *checked) error {
	o := g.c.o
	o.cluster, o.allowEmpty = j.cluster, true
	rs, err := g.c.renderings(o, j.candidate)
	if err != nil {
		return err
	}
	helm, cleanup, err := g.c.app.helmCommand(rs)
	if err != nil {
		return err
	}
	defer cleanup()
	namespace := g.f.namespace
	if app := j.candidate.App; app != nil {
		namespace = or(app.Spec.Destination.Namespace, namespace)
	}
	for i := range rs {
		rs[i].source.Kustomize.HelmCommand = helm
		out, err := g.c.app.renderSource(ctx, &rs[i])
		if err != nil {
			return err
		}
		for n := range out.Streams {
			in := streamOf(out.Kind, &out.Streams[n])
			if err := g.stream(ctx, in.Input, namespace); err != nil {
				return err
			}
		}
		r.holds = append(r.holds, out.Streams...)
	}
	return nil
}

func (g *naming) stream(ctx context.Context, in manifest.Input, namespace string) error {
	t := &manifest.Transformer{Groups: []string{kes.Group}, Visit: func(o *manifest.Object) (manifest.Result, error) {
		if !kes.IsKES(o.Ref) {
			return manifest.Result{}, nil
		}
		ns := or(o.Ref.Namespace, namespace)
		if ns == "" {
			return manifest.Result{}, &hintError{fmt.Errorf("%s: %s: no namespace", o.Pos, o.Ref), "give it with --default-namespace NAMESPACE"}
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.out[ns] = append(g.out[ns], o.Ref.Name)
		return manifest.Result{}, nil
	}}
	p, err := t.Plan(ctx, in)
	if err != nil {
		return err
	}
	return p.Close()
}
