// Package convert turns a KES ExternalSecret into an ESO one. It is pure: no
// I/O, clock, randomness or globals; the same input and options give the same
// result. What can't be had is a finding, never silence.
package convert

import (
	"errors"
	"fmt"
	"regexp"
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
	// DefaultRefresh: no setting chose the refresh interval.
	DefaultRefresh bool
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
}

// Convert converts one object that kes.Decode took without an error.
func Convert(in *kes.ExternalSecret, opts Options) Result {
	if opts.Settings == nil {
		opts.Settings, _ = (*config.Config)(nil).For("")
	}
	c := &conv{in: in, opts: opts, be: backends()[in.Spec.Backend]}
	res := Result{Need: need(in)}
	c.metadata()
	c.chooseStore(&res)
	c.refresh(&res)
	c.unused()
	c.dataFrom()
	c.data()
	c.template()
	c.shapes.report(c)
	res.Findings = c.fs
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
	c.out.Annotations = slices.Clone(c.in.Annotations)
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

func need(in *kes.ExternalSecret) store.Need {
	s := &in.Spec
	return store.Need{
		Backend: string(s.Backend), Region: s.Region, RoleArn: s.RoleArn,
		VaultMountPoint: s.VaultMountPoint, VaultRole: s.VaultRole, KVVersion: s.KVVersion,
		KeyVaultName: s.KeyVaultName, ProjectID: s.ProjectID,
	}
}

func (c *conv) chooseStore(res *Result) {
	labels := map[string]string{}
	for _, l := range c.in.Labels {
		labels[l.Key], _ = l.Value.(string)
	}
	choice, err := c.opts.Stores.Resolve(res.Need, store.Subject{
		Namespace: c.in.Ref.Namespace, Name: c.in.Ref.Name, Labels: labels,
		App: c.opts.App, Project: c.opts.Project, Cluster: c.opts.Settings.Cluster,
	})
	if err != nil {
		f := rule.UnmatchedStore.At(c.in.Spec.Pos("backendType"), c.in.Ref, "%v", err)
		if u := (*store.UnmatchedError)(nil); errors.As(err, &u) {
			f.Fix = u.Fix()
		}
		c.fs = append(c.fs, f)
		return
	}
	c.choice, res.Store, c.out.Store = choice, choice, choice.Ref
}

func (c *conv) refresh(res *Result) {
	s := c.opts.Settings
	switch {
	case c.choice.Rule != nil && c.choice.Rule.RefreshInterval != "":
		c.out.RefreshInterval = c.choice.Rule.RefreshInterval
	default:
		c.out.RefreshInterval = s.RefreshInterval
		res.DefaultRefresh = !s.RefreshIntervalSet
	}
}

// dataFrom converts dataFrom and then dataFromWithOptions: later ones win in
// both (kv-backend.js:195-199; ESO MergeByteMap).
func (c *conv) dataFrom() {
	s := &c.in.Spec
	var items []kes.Item
	for _, key := range s.DataFrom {
		items = append(items, kes.Item{Path: key.Path, Pos: key.Pos, Key: key.Value})
	}
	items = append(items, s.DataFromWithOptions...)
	for i := range items {
		it := &items[i]
		if c.be.noExtract != "" {
			c.report(rule.NeverWorked, it.Pos, "%s: %s", it.Path, c.be.noExtract)
			continue
		}
		if it.Key == "" {
			c.report(rule.NeverWorked, it.Pos, "%s has an empty key", it.Path)
			continue
		}
		// isBinary is passed on as a key option that nothing reads
		// (kv-backend.js:121-133), so nothing is decoded here.
		if ref, ok := c.be.remote(c, it); ok {
			c.out.DataFrom = append(c.out.DataFrom, eso.DataFrom{Extract: &ref})
			c.shapes.extract = true
		}
	}
}

// data converts spec.data. ESO's webhook refuses a repeated secretKey, so of
// repeated names only the last is converted; it wins in KES too.
func (c *conv) data() {
	last := map[string]int{}
	for i := range c.in.Spec.Data {
		if it := &c.in.Spec.Data[i]; it.FromPath == "" {
			if j, ok := last[it.Name]; ok {
				c.report(rule.RepeatedName, c.in.Spec.Data[j].Pos, "%s writes the key %s, and so does %s, which wins", c.in.Spec.Data[j].Path, it.Name, it.Path)
			}
			last[it.Name] = i
		}
	}
	for i := range c.in.Spec.Data {
		it := &c.in.Spec.Data[i]
		switch {
		case it.FromPath != "" || it.Has("path"):
			c.byPath(it)
		case last[it.Name] == i:
			c.byKey(it)
		}
	}
}

func (c *conv) byPath(it *kes.Item) {
	switch {
	case it.FromPath == "":
		// An empty path is falsy: KES goes on with key, which isn't there.
		c.report(rule.NeverWorked, it.Pos, "%s has an empty path: KES then asked for a key, which it doesn't have", it.Path)
	case c.be.path == nil:
		c.report(rule.NeverWorked, it.FieldPos("path"), "%s.path: KES reads paths only from systemManager; here every poll failed (_getByPath not implemented)", it.Path)
	case it.Property != nil:
		c.report(rule.DroppedItem, it.FieldPos("property"), "%s has property next to path: KES can't parse the result as JSON and leaves the item out", it.Path)
	default:
		c.be.path(c, it)
	}
}

// secretKey is the CRD's pattern of data[].secretKey, which is the API
// server's of a Secret's keys.
var secretKey = regexp.MustCompile(`^[-._a-zA-Z0-9]+$`)

func (c *conv) byKey(it *kes.Item) {
	if !secretKey.MatchString(it.Name) || len(it.Name) > 253 || it.Name == "." || it.Name == ".." {
		c.report(rule.NeverWorked, it.FieldPos("name"), "%s.name %q can't be a key of a Secret: the API server refused the Secret", it.Path, it.Name)
		return
	}
	if it.Key == "" {
		c.report(rule.NeverWorked, it.FieldPos("key"), "%s has an empty key", it.Path)
		return
	}
	if c.be.item != nil {
		c.be.item(c, it)
		return
	}
	if ref, ok := c.be.remote(c, it); ok {
		c.add(it, ref, c.translate)
	}
}

// translator makes an ESO property of a lodash path; nil takes the whole.
type translator func(path string) (property.Path, error)

func (c *conv) translate(path string) (property.Path, error) {
	return property.Translate(c.be.provider, path)
}

// add appends a data entry: the backend gave key and version, property and
// decoding are alike in all of them.
func (c *conv) add(it *kes.Item, ref eso.RemoteRef, translate translator) {
	if it.Property != nil && translate != nil && !c.property(it, translate, &ref) {
		return
	}
	if it.IsBinary {
		c.decode(it, &ref)
	}
	c.out.Data = append(c.out.Data, eso.Data{SecretKey: it.Name, RemoteRef: ref})
}

// property translates a lodash path (kv-backend.js:50-70).
func (c *conv) property(it *kes.Item, translate translator, ref *eso.RemoteRef) bool {
	path, pos := *it.Property, it.FieldPos("property")
	if path == "" {
		c.report(rule.NeverWorked, pos, "%s.property is empty: KES looked for a key without a name; ESO would take the whole value", it.Path)
		return false
	}
	p, err := translate(path)
	if err != nil {
		c.report(rule.NoEquivalent, pos, "%s.property: %v", it.Path, err)
		return false
	}
	var notes []string
	r := rule.AmbiguousProperty
	for _, n := range p.Notes {
		if n.Kind == property.LiteralUnread {
			r.Severity = manifest.Warning
		}
		notes = append(notes, n.Text)
	}
	if notes != nil {
		c.report(r, pos, "%s.property %s: %s", it.Path, path, strings.Join(notes, "; "))
	}
	ref.Property = p.ESO
	c.shapes.property = true
	return true
}

// decode: Buffer.from(text, 'base64') for strings (kv-backend.js:72-80).
func (c *conv) decode(it *kes.Item, ref *eso.RemoteRef) {
	if c.in.Spec.Backend == kes.SecretsManager && it.Property == nil {
		if c.choice.Rule != nil && c.choice.Rule.SecretBinary {
			return // the SDK's Buffer isn't a string: KES decoded nothing
		}
		c.report(rule.SecretBinary, it.FieldPos("isBinary"), "%s: isBinary is right for a SecretString; if AWS holds a SecretBinary, ESO fails or decodes it twice", it.Path)
	}
	ref.Decode = "Base64"
	c.shapes.binary = true
}

// unused names fields that KES's code never read for this backend.
func (c *conv) unused() {
	s := &c.in.Spec
	for _, f := range []string{"vaultMountPoint", "vaultRole", "kvVersion", "keyVaultName", "projectId", "roleArn", "region", "keyByName"} {
		if pos := s.Pos(f); !pos.IsZero() && !slices.Contains(c.be.specFields, f) {
			c.report(rule.NoEffect, pos, "spec.%s has no effect with backendType %s", f, s.Backend)
		}
	}
	for _, list := range [][]kes.Item{s.Data, s.DataFromWithOptions} {
		for _, f := range []string{"version", "versionStage", "versionId", "secretType", "recursive"} {
			c.unusedIn(list, f)
		}
	}
	for i := range s.DataFromWithOptions {
		if it := &s.DataFromWithOptions[i]; it.IsBinary {
			c.report(rule.NoEffect, it.FieldPos("isBinary"), "%s.isBinary has no effect: KES never read it there, so nothing is decoded", it.Path)
		}
	}
	c.controllerID()
}

func (c *conv) unusedIn(items []kes.Item, field string) {
	var first *kes.Item
	n := 0
	for i := range items {
		it := &items[i]
		read := slices.Contains(c.be.itemFields, field)
		if field == "recursive" {
			read = it.FromPath != ""
		} else if it.FromPath != "" {
			read = false
		}
		if it.Has(field) && !read {
			if first == nil {
				first = it
			}
			n++
		}
	}
	if first == nil {
		return
	}
	also := ""
	if n > 1 {
		also = fmt.Sprintf(" (and %d more)", n-1)
	}
	c.report(rule.NoEffect, first.FieldPos(field), "%s.%s%s has no effect here: KES never read it for %s", first.Path, field, also, c.in.Spec.Backend)
}

// controllerID: KES handles an object only if its id equals INSTANCE_ID
// (lib/external-secret.js); ESO decides by the store's spec.controller.
func (c *conv) controllerID() {
	id := c.in.Spec.ControllerID
	instance, known := c.opts.Settings.Controller["INSTANCE_ID"]
	switch {
	case known && id != instance:
		c.report(rule.ForeignController, c.in.Spec.Pos("controllerId"), "spec.controllerId is %q, but KES runs with INSTANCE_ID %q and does not serve this object", id, instance)
	case id != "":
		c.report(rule.NoEffect, c.in.Spec.Pos("controllerId"), "spec.controllerId %q is not carried over: ESO chooses by spec.controller of the store", id)
	}
}
