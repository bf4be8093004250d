package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"

	sigsyaml "sigs.k8s.io/yaml"

	"kesbridge/internal/cutover"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/live"
	"kesbridge/internal/manifest"
	"kesbridge/internal/pipeline"
	"kesbridge/internal/preview"
	"kesbridge/internal/report"
)

// places are where the ExternalSecrets of an application stand, and which of
// KES's could not be decided about.
type places struct {
	at      map[string]manifest.Pos
	pending map[string]bool
}

func placeKey(group, namespace, name string) string { return group + "/" + namespace + "/" + name }

// renderRevision renders a side of an application into its objects.
func (a *app) renderRevision(ctx context.Context, o options, run *pipeline.Run, r *revision, past *past) error {
	if r == nil {
		return nil
	}
	helm, cleanup, err := a.helmCommand(r.renderings)
	if err != nil {
		return err
	}
	defer cleanup()
	r.readers = cutover.Readers{}
	for i := range r.renderings {
		one := &r.renderings[i]
		one.source.Kustomize.HelmCommand = helm
		if err := a.renderObjectsOf(ctx, o, run, r, one, past); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) renderObjectsOf(ctx context.Context, o options, run *pipeline.Run, r *revision, one *rendering, past *past) error {
	namespace := "" // the destination's, for objects that name none
	if r.named || o.appNamespace != "" {
		namespace = one.source.Helm.Namespace
	}
	ps := &places{at: map[string]manifest.Pos{}, pending: map[string]bool{}}
	one.options.Seen = func(obj *manifest.Object) {
		key := placeKey(kes.Group, or(obj.Ref.Namespace, namespace), obj.Ref.Name)
		ps.at[key], ps.pending[key] = obj.Pos, true
		res := cutover.Resource{Poll: poll(one.options)}
		res.KES, _ = makerOf(obj, one.options, namespace)
		r.resources = append(r.resources, res)
	}
	one.options.Decided = func(obj *manifest.Object, d pipeline.Decision) {
		r.resources[len(r.resources)-1].Decide(d.Mode.Mode, d.Mode.From == builtIn, d.Mode.Final)
		delete(ps.pending, placeKey(kes.Group, or(obj.Ref.Namespace, namespace), obj.Ref.Name))
	}
	output, err := a.renderSource(ctx, one)
	if err != nil {
		return err
	}
	r.files = append(r.files, output.Inputs.Files...)
	result := &renderResult{}
	defer result.close()
	if err := a.planOutput(ctx, run, one, output, o, result); err != nil {
		return err
	}
	var text bytes.Buffer
	j := &joiner{w: &text}
	for _, p := range result.plans {
		err := p.Find(ctx, []string{eso.Group}, []string{eso.Group}, func(obj *manifest.Object) {
			ps.at[placeKey(eso.Group, or(obj.Ref.Namespace, namespace), obj.Ref.Name)] = obj.Pos
		})
		if err != nil {
			return err
		}
		j.next = true
		if _, err := p.WriteTo(j); err != nil {
			return err
		}
	}
	objects, err := live.Read("the render of "+one.label, text.Bytes())
	if err != nil {
		return err
	}
	for _, obj := range objects {
		r.add(obj.Object, namespace, one.options, ps, past)
	}
	if past == nil {
		return a.trial(ctx, o, r, one, output, namespace)
	}
	return nil
}

// add takes an object, and what it makes.
func (r *revision) add(o map[string]any, namespace string, opts pipeline.Options, ps *places, past *past) {
	if meta, ok := o["metadata"].(map[string]any); ok && namespace != "" {
		if ns, _ := meta["namespace"].(string); ns == "" && !clusterWide(o) {
			meta["namespace"] = namespace
		}
	}
	r.objects = append(r.objects, o)
	r.readers.AddObject(o, namespace, "", opts.Settings.References)
	if h, ok := cutover.HolderOf(o); ok {
		if past != nil {
			h.Pos.File = past.rev
		}
		r.holders = append(r.holders, h)
	}
	m, ok := cutover.MakerOf(o, opts.Settings.Controller["INSTANCE_ID"])
	if !ok {
		if m, ok := cutover.OtherMakerOf(o); ok {
			r.others = append(r.others, m)
		}
		return
	}
	ofKES := placeKey(kes.Group, m.Ref.Namespace, m.Ref.Name)
	m.Pos, ok = ps.at[placeKey(m.Ref.Group, m.Ref.Namespace, m.Ref.Name)]
	if !ok {
		m.Pos = ps.at[ofKES] // it was converted
	}
	// With --on-unsupported keep it was sent as it is.
	m.Unknown = m.Ref.Group == kes.Group && ps.pending[ofKES] && !opts.Keep
	if past != nil {
		m.Pos.File = past.rev + ":" + m.Pos.File
	}
	r.makers = append(r.makers, m)
}

// clusterWide are kinds that have no namespace, of those that apps often hold:
// a wrong guess shows a namespace on both sides alike.
func clusterWide(o map[string]any) bool {
	switch o["kind"] {
	case "Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "ClusterSecretStore", "PersistentVolume", "StorageClass", "PriorityClass",
		"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService", "IngressClass":
		return true
	}
	return false
}

// differences counts objects.
type differences struct{ added, changed, removed, equal int }

func (d *differences) String() string {
	if d.added+d.changed+d.removed == 0 {
		return fmt.Sprintf("%s, none differs", plural(d.equal, "object"))
	}
	return fmt.Sprintf("%d changed, %d added, %d removed, %d equal", d.changed, d.added, d.removed, d.equal)
}

// objectKey is what an object is known by; n counts repetitions.
type objectKey struct {
	group, kind, namespace, name string
	n                            int
}

func (k objectKey) String() string {
	kind := k.kind
	if k.group != "" {
		kind = k.group + "/" + kind
	}
	return kind + " " + strings.TrimPrefix(k.namespace+"/"+k.name, "/")
}

// keyed gives the objects by key, and the keys in order.
func keyed(list []map[string]any) (map[objectKey]map[string]any, []objectKey) {
	out := map[objectKey]map[string]any{}
	var order []objectKey
	for _, o := range list {
		version, _ := o["apiVersion"].(string)
		meta, _ := o["metadata"].(map[string]any)
		k := objectKey{}
		if group, _, ok := strings.Cut(version, "/"); ok {
			k.group = group
		}
		k.kind, _ = o["kind"].(string)
		k.namespace, _ = meta["namespace"].(string)
		if k.name, _ = meta["name"].(string); k.name == "" {
			k.name, _ = meta["generateName"].(string)
		}
		for out[k] != nil {
			k.n++
		}
		out[k] = o
		order = append(order, k)
	}
	return out, order
}

// merged puts what is gone where it was: behind what stood in front of it.
func merged(old, now []objectKey, is map[objectKey]map[string]any) []objectKey {
	behind := map[objectKey][]objectKey{}
	var first []objectKey
	var last *objectKey
	for i, k := range old {
		switch {
		case is[k] != nil:
			last = &old[i]
		case last == nil:
			first = append(first, k)
		default:
			behind[*last] = append(behind[*last], k)
		}
	}
	out := first
	for _, k := range now {
		out = append(append(out, k), behind[k]...)
	}
	return out
}

// compare prints every object that differs, in the order of the working tree.
func (d *differences) compare(w io.Writer, colour bool, rev string, r *revised, several bool) error {
	var before, after []map[string]any
	if r.before != nil {
		before = r.before.objects
	}
	if r.after != nil {
		after = r.after.objects
	}
	was, old := keyed(before)
	is, order := keyed(after)
	order = merged(old, order, is)
	app := ""
	if several {
		app = r.name + ": "
	}
	for _, k := range order {
		a, b := was[k], is[k]
		if reflect.DeepEqual(a, b) {
			d.equal++
			continue
		}
		oldName, newName := rev+": "+app+k.String(), app+k.String()
		switch {
		case a == nil:
			d.added++
			oldName = "/dev/null"
		case b == nil:
			d.removed++
			newName = "/dev/null"
		default:
			d.changed++
		}
		if err := showObject(w, colour, oldName, newName, a, b); err != nil {
			return err
		}
	}
	return nil
}

func showObject(w io.Writer, colour bool, oldName, newName string, a, b map[string]any) error {
	oldName, newName = report.Plain(oldName), report.Plain(newName)
	a, b = preview.Copy(a), preview.Copy(b)
	preview.Mask(a, b)
	x, err := objectText(a)
	if err != nil {
		return err
	}
	y, err := objectText(b)
	if err != nil {
		return err
	}
	if bytes.Equal(x, y) {
		_, err := fmt.Fprintf(w, "--- %s\n+++ %s\n(they differ in what is masked)\n", oldName, newName)
		return err
	}
	return preview.Unified(w, colour, oldName, newName, x, y)
}

func objectText(m map[string]any) ([]byte, error) {
	if m == nil {
		return nil, nil
	}
	return sigsyaml.Marshal(m)
}
