package live

import (
	"fmt"
	"strings"

	"kesbridge/internal/eso"
	"kesbridge/internal/kes"
)

// Policy is how the Application prunes.
type Policy struct {
	// Propagation is PrunePropagationPolicy of the Application's syncOptions:
	// foreground, background or orphan. Empty where no Application is known.
	Propagation string
	// Last: PruneLast=true.
	Last bool
	// InstanceID is KES's INSTANCE_ID, or empty.
	InstanceID string
	// ByLabel: objects are tracked by label alone.
	ByLabel bool
}

// NewPolicy reads syncOptions (controller/sync.go: foreground is Argo CD's
// default).
func NewPolicy(options []string, instanceID string) Policy {
	p := Policy{Propagation: "foreground", InstanceID: instanceID}
	for _, o := range options {
		if v, ok := strings.CutPrefix(o, "PrunePropagationPolicy="); ok && (v == "background" || v == "orphan" || v == "foreground") {
			p.Propagation = v
		}
		p.Last = p.Last || o == "PruneLast=true"
	}
	return p
}

// Fates says of each ExternalSecret that only live has, KES's or ESO's, what
// becomes of its Secret, and of everything else that stays, that it does, one
// line each; facts measured with KES 8.5.5, ESO
// 0.9.20 and 0.20.4 under Argo CD 3.1.16. Whether the object owns the Secret
// still isn't known: Secrets are never read.
func (c *Comparison) Fates(p Policy) []string {
	makers := c.makers()
	var out []string
	for i := range c.Items {
		item := &c.Items[i]
		external := item.Key.Kind == "ExternalSecret"
		switch {
		case item.State != Pruned && item.State != Kept:
		case external && item.Key.Group == kes.Group:
			out = append(out, kesFate(item, p, makers[Key{Namespace: item.Key.Namespace, Name: item.Key.Name}]))
		case external && item.Key.Group == eso.Group:
			out = append(out, esoFate(item, p))
		case item.State == Kept:
			out = append(out, keptLine(item, ""))
		}
	}
	return out
}

// makers are the ESO objects of the render, by the Secret they make.
func (c *Comparison) makers() map[Key]string {
	out := map[Key]string{}
	for i := range c.Items {
		item := &c.Items[i]
		if item.Key.Group != eso.Group || item.Key.Kind != "ExternalSecret" || item.State == Pruned || item.State == Kept {
			continue
		}
		o := item.After
		if o == nil {
			o = item.Source
		}
		out[Key{Namespace: item.Key.Namespace, Name: secretOf(o)}] = item.Key.String()
	}
	return out
}

// secretOf is the Secret that an ESO object makes.
func secretOf(o *Object) string {
	if name, _ := nested(o.Object, []string{"spec", "target"})["name"].(string); name != "" {
		return name
	}
	return o.GetName()
}

func kesFate(item *Item, p Policy, maker string) string {
	secret := item.Key.Namespace + "/" + item.Key.Name
	if line := keptLine(item, secret); line != "" {
		return line
	}
	frozen := stopped(item.Source, p.InstanceID)
	again := "nothing in the render makes it again"
	if maker != "" {
		again = maker + " makes it again: a gap, for good if ESO missed the moment or can't read its store"
	}
	if p.Propagation == "orphan" {
		if frozen {
			return fmt.Sprintf("%s: %s; Secret %s stays: PrunePropagationPolicy=orphan, and KES no longer serves the object, if one poll interval has passed since its controllerId was synced", item.Key, verb(item), secret)
		}
		return fmt.Sprintf("%s: %s; Secret %s is at risk though PrunePropagationPolicy=orphan: KES still serves the object and may write the Secret again with an owner that is gone, which the garbage collector then deletes (%s); sync mode freeze first", item.Key, verb(item), secret, again)
	}
	line := fmt.Sprintf("%s: %s; Secret %s goes with it: under prune propagation %s the garbage collector deletes what the object owns (%s)", item.Key, verb(item), secret, p.propagation(), again)
	if p.Last {
		line += "; with PruneLast=true the sync waits for an ESO object that can't be Ready before, and fails"
	}
	if frozen {
		return line + "; PrunePropagationPolicy=orphan in the Application's syncOptions leaves the Secret: KES no longer serves the object"
	}
	return line + "; PrunePropagationPolicy=orphan in the Application's syncOptions would leave the Secret, but only after mode freeze was synced for one poll interval: KES still serves the object"
}

// keptLine is for what Argo CD doesn't prune, or not without a word.
func keptLine(item *Item, secret string) string {
	if item.State != Kept {
		return ""
	}
	if secret != "" {
		secret = ", and with it Secret " + secret
	}
	line := fmt.Sprintf("%s: stays%s: Prune=false on the live object", item.Key, secret)
	if !hasOption(item.Source, compareOptions, "IgnoreExtraneous") {
		line += "; the Application stays OutOfSync, since IgnoreExtraneous isn't there"
	}
	return line
}

func esoFate(item *Item, p Policy) string {
	secret := item.Key.Namespace + "/" + secretOf(item.Source)
	if line := keptLine(item, secret); line != "" {
		return line
	}
	target := nested(item.Source.Object, []string{"spec", "target"})
	switch policy, _ := target["creationPolicy"].(string); policy {
	case "Orphan", "Merge", "None":
		return fmt.Sprintf("%s: %s; Secret %s stays: creationPolicy is %s", item.Key, verb(item), secret, policy)
	}
	if p.Propagation == "orphan" {
		if target["deletionPolicy"] == "Delete" {
			return fmt.Sprintf("%s: %s; Secret %s is at risk though PrunePropagationPolicy=orphan: deletionPolicy is Delete, and ESO 0.20 and later deletes the Secret while the object goes", item.Key, verb(item), secret)
		}
		if p.ByLabel && target["template"] == nil {
			return fmt.Sprintf("%s: %s; Secret %s is at risk though PrunePropagationPolicy=orphan: without spec.target.template ESO copied the Application's label to it, by which Argo CD prunes it once it has no owner", item.Key, verb(item), secret)
		}
		return fmt.Sprintf("%s: %s; Secret %s stays: PrunePropagationPolicy=orphan", item.Key, verb(item), secret)
	}
	return fmt.Sprintf("%s: %s; Secret %s goes with it: under prune propagation %s the garbage collector deletes what the object owns; Prune=false on the live object, synced before, or PrunePropagationPolicy=orphan would leave it", item.Key, verb(item), secret, p.propagation())
}

func (p Policy) propagation() string {
	switch p.Propagation {
	case "foreground":
		return "foreground (Argo CD's default)"
	case "":
		return "foreground (Argo CD's default) or background"
	}
	return p.Propagation
}

// verb says whether a prune waits for somebody.
func verb(item *Item) string {
	if hasOption(item.Source, syncOptions, "Prune=confirm") {
		return "pruned once somebody confirms it (Prune=confirm)"
	}
	return "pruned"
}

// stopped reports whether KES passes an object over: INSTANCE_ID and
// controllerId differ (8.5.5, lib/daemon.js).
func stopped(o *Object, instanceID string) bool {
	id, _ := nested(o.Object, []string{"spec"})["controllerId"].(string)
	return id != instanceID
}
