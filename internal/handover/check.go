package handover

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Problem is why a Secret can't be handed over now, and what to do.
type Problem struct {
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
}

func (p Problem) Error() string { return p.Text }

// RefusedError is a Secret that isn't ready for a step.
type RefusedError struct {
	Namespace, Name string
	Problems        []Problem
}

func (e *RefusedError) Error() string {
	var texts []string
	for _, p := range e.Problems {
		texts = append(texts, p.Text)
	}
	return fmt.Sprintf("%s/%s is not handed over: %s", e.Namespace, e.Name, strings.Join(texts, "; "))
}

// facts are what a check is made of, read just before.
type facts struct {
	kes    *kesObject // nil: gone
	eso    *esoObject
	secret *secret // with data
	// served says which KES may serve the object; stores are their Ready.
	served string
	stores func(storeRef) string
	// blind: the Secret was read without its data and type.
	blind bool
	// first is status.lastSync when the watch for it began.
	first string
}

// check says what keeps a Secret from being handed over. allow accepts keys
// that ESO's object doesn't tell.
func (f *facts) check(allow bool) []Problem {
	var out []Problem
	say := func(fix, format string, args ...any) { out = append(out, Problem{fmt.Sprintf(format, args...), fix}) }
	f.checkKES(say)
	if f.secret == nil {
		say("wait until KES has made it, or let ESO make it without a hand-over", "the Secret isn't there")
		return out
	}
	f.checkOwners(say)
	if f.eso == nil {
		say("sync the commit that brings the ESO resource in (mode replace)", "no ESO resource writes to the Secret")
		return out
	}
	f.checkESO(say)
	if !f.blind {
		f.checkKeys(say, allow)
	}
	return out
}

type sayer func(fix, format string, args ...any)

func (f *facts) checkKES(say sayer) {
	k := f.kes
	if k == nil {
		return
	}
	if f.served != "" {
		say("stop KES for it: mode freeze or protect sets spec.controllerId; or WATCHED_NAMESPACES without its namespace and a restart; or scale KES to 0 (kesbridge cutover plan shows each)", "%s", f.served)
	}
	if k.Status.LastSync != f.first {
		say("find the KES that still runs (kesbridge cutover status shows those that were found), and stop it", "KES synced it again at %s, so some KES serves it", k.Status.LastSync)
	}
}

// checkOwners holds the Secret to owners that may be moved. One of KES that is
// gone, or goes, is no reason to wait: moving the owner is what saves the
// Secret then.
func (f *facts) checkOwners(say sayer) {
	for _, o := range f.secret.Metadata.OwnerReferences {
		if !controls(&o) || isKES(&o) || f.eso != nil && string(o.UID) == f.eso.Metadata.UID {
			continue
		}
		if isESO(&o) && f.eso != nil && o.Name == f.eso.Metadata.Name {
			continue // an earlier object of that name
		}
		say("find out why it controls the Secret; kesbridge moves only what KES controls", "%s %s controls the Secret", o.Kind, o.Name)
	}
	if f.secret.Metadata.DeletionTimestamp != "" {
		say("let it go and be made again", "the Secret is being deleted")
	}
}

// Messages of ESO's Ready condition that say no more than that KES owns the
// Secret: what the backend and the templates give was there before
// (externalsecret_controller.go of 0.9.20, and of 0.14.4 to 0.20.4).
var foreignOwner = []string{"failed to take ownership of target secret", "could not update Secret", "could not set ExternalSecret as controller", "could not set ExternalSecret controller reference"}

func (f *facts) checkESO(say sayer) {
	e := f.eso
	t := e.Spec.Target
	if e.Metadata.DeletionTimestamp != "" {
		say("wait until it is gone, and sync it again", "the ESO resource is being deleted")
	}
	if !e.owns() {
		say("set creationPolicy to Owner", "the ESO resource has creationPolicy %s", t.CreationPolicy)
	}
	if t.DeletionPolicy == "Delete" {
		say("set deletionPolicy to Retain: with Delete, ESO takes the Secret away when the backend has no value, and when its resource goes", "the ESO resource has deletionPolicy Delete")
	}
	if f.secret.Immutable && !t.Immutable {
		say("set target.immutable in the ESO resource, or hand it over under another name", "the Secret is immutable and the ESO resource doesn't say so")
	}
	if tmpl := t.Template; tmpl != nil && tmpl.Type != "" && tmpl.Type != f.secret.Type && !f.blind {
		say("set the same type in target.template: a Secret's type can't be changed", "the Secret has type %s, the ESO resource makes %s", f.secret.Type, tmpl.Type)
	}
	for _, r := range e.stores() {
		if ready := f.stores(r); ready != "True" {
			say("mend the store first: kubectl describe "+strings.ToLower(r.Kind)+" "+r.Name, "%s %s is not ready (%s)", r.Kind, r.Name, ready)
		}
	}
	mine := f.secret.ownedBy(e.Metadata.UID)
	switch r := e.ready(); {
	case r == nil && !mine:
		say("is ESO running? If it is, wake it: kubectl annotate externalsecrets.external-secrets.io -n "+e.Metadata.Namespace+" "+e.Metadata.Name+" --overwrite "+Touched+"=$(date +%s) (since 0.11 it may sleep for minutes beside a KES that writes)", "ESO has not looked at its resource yet")
	case r == nil || r.Status == "True" || mine:
	case !slices.ContainsFunc(foreignOwner, func(m string) bool { return strings.HasPrefix(r.Message, m) }):
		say("kubectl describe externalsecrets.external-secrets.io -n "+e.Metadata.Namespace+" "+e.Metadata.Name+" shows the events", "ESO can't make the Secret: %s", r.Message)
	}
}

// checkKeys compares the Secret's keys with those that ESO will write: what it
// doesn't make is gone when it adopts the Secret (measured on both versions).
func (f *facts) checkKeys(say sayer, allow bool) {
	if f.secret.adopted(f.eso) {
		return // ESO wrote it: whatever it does not make is gone already
	}
	known, unknown := f.eso.keys()
	var lost, more []string
	for k := range f.secret.Data {
		if !slices.Contains(known, k) {
			lost = append(lost, k)
		}
	}
	for _, k := range known {
		if _, ok := f.secret.Data[k]; !ok {
			more = append(more, k)
		}
	}
	slices.Sort(lost)
	switch {
	case len(lost) > 0 && unknown == "":
		say("add them to the ESO resource", "ESO would take away %s", keyList(lost))
	case len(lost) > 0 && !allow:
		say("--prove lets ESO write a second Secret first and compares both; --allow-unknown-keys goes without", "whether ESO makes %s can't be told: it has %s", keyList(lost), unknown)
	}
	if len(more) > 0 && !allow {
		say("take them out of the ESO resource, or accept them with --allow-unknown-keys", "ESO would add %s", keyList(more))
	}
}

func keyList(names []string) string {
	const most = 5
	word, more := "the key ", ""
	if len(names) > 1 {
		word = "the keys "
	}
	if n := len(names) - most; n > 0 {
		names, more = names[:most], fmt.Sprintf(" and %d more", n)
	}
	return word + strings.Join(names, ", ") + more
}

// quiet is how long an object's lastSync must not move: two intervals, and a
// little for KES's own work.
func quiet(poll time.Duration) time.Duration { return 2*poll + poll/10 }

// oldEnough is how old a lastSync must be for not being watched: two intervals
// more than clocks are apart.
func oldEnough(poll time.Duration) time.Duration { return quiet(poll) + time.Minute }
