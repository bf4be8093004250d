// Package convert turns a KES ExternalSecret into an ESO one. It is pure: no
// I/O, clock, randomness or globals; the same input and options give the same
// result. What can't be had is a finding, never silence.
package convert

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/config"
	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
	"kesbridge/internal/manifest"
	"kesbridge/internal/property"
	"kesbridge/internal/rule"
	"kesbridge/internal/store"
)

// OriginAnnotation names the source of a converted object.
const OriginAnnotation = "kesbridge/origin"

// Options is everything besides the object that decides the result.
type Options struct {
	// Settings of the cluster; nil is the built-in ones.
	Settings *config.Settings
	// Profile of the ESO version in use.
	Profile eso.Profile
	// Stores finds the store for each need.
	Stores *store.Resolver
	// Origin is the source file relative to the repository's root, with
	// forward slashes; empty where there is none (standard input).
	Origin string
	// App and Project are those of the Argo CD Application, for store rules.
	App, Project string
}

// Result is one conversion.
type Result struct {
	// ESO is nil if the object can't be converted: then a finding is an error.
	ESO *eso.ExternalSecret
	// Findings besides those of kes.Decode.
	Findings manifest.Findings
	// Need and Store tell what store was asked for and which one was chosen.
	Need  store.Need
	Store store.Choice
	// Fidelity is natural or exact, and what chose it.
	Fidelity, FidelityFrom string
	// DefaultRefresh: no setting chose the refresh interval.
	DefaultRefresh bool
	// RefreshAnnotated: the object's own annotation did.
	RefreshAnnotated bool
	// Templates are the templates rules that match the object and whether they
	// were used; nil where it has no lodash expressions.
	Templates map[manifest.Pos]bool
}

// backend is what differs between KES's backends. One table, one file each.
type backend struct {
	provider property.Provider
	// remote makes key and version of a data item or an extract; false if a
	// finding says why not.
	remote func(c *conv, it *kes.Item) (eso.RemoteRef, bool)
	// item converts a data item where remote is not enough (IBM).
	item func(c *conv, it *kes.Item)
	// path handles data[].path; nil: KES throws (kv-backend.js _getByPath).
	path func(c *conv, it *kes.Item)
	// noExtract: dataFrom never worked, for the reason given.
	noExtract string
	// itemFields and specFields are what KES reads for this backend beyond
	// key, name, property and isBinary.
	itemFields, specFields []string
}

func backends() map[kes.Backend]backend {
	return map[kes.Backend]backend{
		kes.SecretsManager:         secretsManager(),
		kes.SystemManager:          systemManager(),
		kes.Vault:                  vault(),
		kes.AzureKeyVault:          azure(),
		kes.GCPSecretsManager:      gcp(),
		kes.AlicloudSecretsManager: alicloud(),
		kes.IBMCloudSecretsManager: ibm(),
		kes.Akeyless:               akeyless(),
	}
}

// conv is one conversion under way.
type conv struct {
	in     *kes.ExternalSecret
	opts   Options
	be     backend
	out    eso.ExternalSecret
	fs     manifest.Findings
	shapes shapes
	choice store.Choice
	// written are Go templates for keys whose KES value no reference gives;
	// hidden are items fetched only for them.
	written manifest.Map
	hidden  []string

	// exact fidelity, and what it computes: forms make the value of a key,
	// documents are hidden items by what they fetch, extracts are those of
	// dataFrom, in KES's order.
	exact        bool
	fidelityFrom string
	forms        map[string]form
	documents    map[eso.RemoteRef]string
	extracts     []extract

	// rules are the templates rules that match, once asked for; templates
	// says which were used.
	rules     []suppliedRule
	templates map[manifest.Pos]bool
}

// Convert converts one object that kes.Decode took without an error.
func Convert(in *kes.ExternalSecret, opts Options) Result {
	if opts.Settings == nil {
		opts.Settings, _ = (*config.Config)(nil).For("")
	}
	c := &conv{
		in: in, opts: opts, be: backends()[in.Spec.Backend],
		forms: map[string]form{}, documents: map[eso.RemoteRef]string{},
	}
	res := Result{Need: need(in)}
	c.metadata()
	c.chooseStore(&res)
	c.fidelity()
	res.Fidelity, res.FidelityFrom = config.Natural, c.fidelityFrom
	if c.exact {
		res.Fidelity = config.Exact
	}
	c.refresh(&res)
	c.unused()
	c.dataFrom()
	c.data()
	c.template()
	c.shapes.report(c)
	res.Findings, res.Templates = c.fs, c.templates
	if c.fs.Worst() < manifest.Error {
		res.ESO = &c.out
	}
	return res
}

func (c *conv) report(r rule.Rule, pos manifest.Pos, format string, args ...any) {
	if pos.IsZero() {
		pos = c.in.Pos
	}
	c.fs = append(c.fs, r.At(pos, c.in.Ref, format, args...))
}

// metadata carries over name, namespace, labels and annotations; the origin
// lets a person who sees the object in the cluster find its source.
func (c *conv) metadata() {
	c.out.Name, c.out.Namespace = c.in.Ref.Name, c.in.Ref.Namespace
	c.out.Labels = c.in.Labels
	c.out.Annotations = slices.DeleteFunc(slices.Clone(c.in.Annotations), func(f manifest.Field) bool {
		return f.Key == FidelityAnnotation || f.Key == ModeAnnotation || f.Key == WaiveAnnotation || f.Key == WarningsAnnotation || f.Key == store.Annotation || f.Key == RefreshAnnotation // said to kesbridge, and obeyed
	})
	if !c.opts.Settings.Origin {
		return
	}
	object := strings.TrimPrefix(c.in.Ref.String(), kes.Kind+"/")
	origin := fmt.Sprintf("%s/%s %s %s", kes.Group, kes.Version, kes.Kind, object)
	if c.opts.Origin != "" {
		origin = c.opts.Origin + ": " + origin
	}
	c.out.Annotations.Set(OriginAnnotation, origin)
}

// NeedOf is the store that an object needs.
func NeedOf(in *kes.ExternalSecret) store.Need { return need(in) }

func need(in *kes.ExternalSecret) store.Need {
	s := &in.Spec
	return store.Need{
		Backend: string(s.Backend), Region: s.Region, RoleArn: s.RoleArn,
		VaultMountPoint: s.VaultMountPoint, VaultRole: s.VaultRole, KVVersion: s.KVVersion,
		KeyVaultName: s.KeyVaultName, ProjectID: s.ProjectID,
	}
}

// SubjectOf is what store rules see of an object.
func SubjectOf(in *kes.ExternalSecret, app, project, cluster string) store.Subject {
	labels := map[string]string{}
	for _, l := range in.Labels {
		labels[l.Key], _ = l.Value.(string)
	}
	wish, _ := in.Annotations.Get(store.Annotation).(string)
	return store.Subject{
		Namespace: in.Ref.Namespace, Name: in.Ref.Name, Labels: labels,
		App: app, Project: project, Cluster: cluster, Store: wish,
	}
}

func (c *conv) subject() store.Subject {
	return SubjectOf(c.in, c.opts.App, c.opts.Project, c.opts.Settings.Cluster)
}

func (c *conv) chooseStore(res *Result) {
	choice, err := c.opts.Stores.Resolve(res.Need, c.subject())
	if bad := (*store.RefError)(nil); errors.As(err, &bad) {
		c.report(rule.BadAnnotation, c.in.Pos, "metadata.annotations.%s %v", store.Annotation, err)
		return
	}
	if err != nil {
		f := rule.UnmatchedStore.At(c.in.Spec.Pos("backendType"), c.in.Ref, "%v", err)
		if u := (*store.UnmatchedError)(nil); errors.As(err, &u) {
			f.Fix = u.Fix()
		}
		c.fs = append(c.fs, f)
		return
	}
	c.choice, res.Store, c.out.Store = choice, choice, choice.Ref
	if choice.Overruled {
		c.report(rule.SettingIgnored, c.in.Pos, "metadata.annotations.%s: the administrator's file decides the store", store.Annotation)
	}
}

// RefreshAnnotation on a KES object is its refresh interval, a Go duration.
const RefreshAnnotation = "kesbridge/refresh-interval"

// refresh: the administrator's file is stronger than the annotation, that than
// the rule of the store and the settings.
func (c *conv) refresh(res *Result) {
	s, r := c.opts.Settings, c.choice.Rule
	fixed := s.Fixed("refreshInterval")
	if r != nil && r.RefreshInterval != "" {
		fixed = r.Admin
	}
	if text, _ := c.in.Annotations.Get(RefreshAnnotation).(string); text != "" {
		switch interval, err := eso.ParseInterval(text); {
		case err != nil:
			c.report(rule.BadAnnotation, c.in.Pos, "metadata.annotations.%s: %v", RefreshAnnotation, err)
		case fixed:
			c.report(rule.SettingIgnored, c.in.Pos, "metadata.annotations.%s: the administrator's file decides the refresh interval", RefreshAnnotation)
		default:
			c.out.RefreshInterval, res.RefreshAnnotated = interval, true
			return
		}
	}
	switch {
	case c.choice.Rule != nil && c.choice.Rule.RefreshInterval != "":
		c.out.RefreshInterval = c.choice.Rule.RefreshInterval
	default:
		c.out.RefreshInterval = s.RefreshInterval
		res.DefaultRefresh = !s.RefreshIntervalSet
	}
}
