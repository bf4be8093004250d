package handovertest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// KESResource, ESOResource and Secrets are the resources of keys.
const (
	KESResource = "externalsecrets.kubernetes-client.io"
	ESOResource = "externalsecrets.external-secrets.io"
	Secrets     = "secrets"
)

// Operator is ESO: with Deaf as from 0.11 on, without as 0.9.20. Values gives
// the data that it makes for an ESO object; nil: it can't.
type Operator struct {
	Deaf    bool
	Values  func(o Object) map[string]any
	Stopped bool
	// seen is what of each object was handled: its labels, annotations and
	// generation, and of its Secret.
	seen map[string]string
}

// Reconcile does the work that is due; it is a controller of Server.
func (p *Operator) Reconcile(s *Server) bool {
	if p.Stopped {
		return false
	}
	if p.seen == nil {
		p.seen = map[string]string{}
	}
	changed := false
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if o := s.objects[key]; strings.HasPrefix(key, ESOResource+"/") && meta(o)["deletionTimestamp"] == nil {
			changed = p.one(s, o) || changed
		}
	}
	return changed
}

func (p *Operator) one(s *Server, o Object) bool {
	ns, name := text(o, "metadata", "namespace"), text(o, "metadata", "name")
	target := name
	if t := text(o, "spec", "target", "name"); t != "" {
		target = t
	}
	uid := text(o, "metadata", "uid")
	secret := s.objects[Key(Secrets, ns, target)]
	synced := fmt.Sprintf("%v-%v", at(o, "metadata", "generation"), at(o, "metadata", "annotations"))
	woken := synced
	labelled := at(secret, "metadata", "labels", "reconcile.external-secrets.io/managed") == "true"
	switch {
	case p.Deaf && !labelled && p.seen[uid] != "" && strings.HasPrefix(p.seen[uid], synced):
		return false // events of the Secret don't reach it, not even that it is gone
	case secret != nil:
		woken += text(secret, "metadata", "resourceVersion")
	}
	if p.seen[uid] == woken {
		return false
	}
	p.seen[uid] = woken
	data := p.Values(o)
	if data == nil {
		return p.status(s, o, "False", "could not get secret data from provider", "")
	}
	if secret == nil {
		secret = Object{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": Object{"name": target, "namespace": ns}}
	}
	if p.Deaf && s.objects[Key(Secrets, ns, target)] != nil && at(secret, "metadata", "labels", "reconcile.external-secrets.io/managed") != "true" {
		label(secret, "reconcile.external-secrets.io/managed", "true")
		s.put(secret, "MODIFIED")
		p.seen[uid] = "" // requeued at once
		return true
	}
	for _, r := range ownersOf(secret) {
		if r["controller"] == true && (r["kind"] != "ExternalSecret" || !strings.HasPrefix(fmt.Sprint(r["apiVersion"]), "external-secrets.io/")) {
			message := "could not update Secret"
			if p.Deaf {
				message = "failed to take ownership of target secret"
			}
			return p.status(s, o, "False", message, "")
		}
	}
	before := clone(secret)
	owners := slices.DeleteFunc(ownersOf(secret), func(r Object) bool { return strings.HasPrefix(fmt.Sprint(r["apiVersion"]), "external-secrets.io/") })
	setOwners(secret, append(owners, Object{"apiVersion": text(o, "apiVersion"), "kind": "ExternalSecret", "name": name, "uid": uid, "controller": true, "blockOwnerDeletion": true}))
	label(secret, "reconcile.external-secrets.io/created-by", "hash-of-"+name)
	if p.Deaf {
		label(secret, "reconcile.external-secrets.io/managed", "true")
	}
	annotate(secret, "reconcile.external-secrets.io/data-hash", fmt.Sprintf("hash-%x", len(fmt.Sprint(data))))
	secret["data"] = data
	changed := p.status(s, o, "True", "Secret was synced", synced)
	if !equal(before, secret) {
		event := "MODIFIED"
		if s.objects[Key(Secrets, ns, target)] == nil {
			event = "ADDED"
		}
		s.put(secret, event)
		changed = true
	}
	return changed
}

func label(o Object, key, value string)    { set(o, "labels", key, value) }
func annotate(o Object, key, value string) { set(o, "annotations", key, value) }

func set(o Object, field, key, value string) {
	m, _ := meta(o)[field].(map[string]any)
	if m == nil {
		m = Object{}
		meta(o)[field] = m
	}
	m[key] = value
}

func (p *Operator) status(s *Server, o Object, ready, message, synced string) bool {
	status := Object{"conditions": []any{Object{"type": "Ready", "status": ready, "reason": "SecretSynced", "message": message}}}
	if old, ok := at(o, "status", "syncedResourceVersion").(string); ok && synced == "" {
		synced = old
	}
	if synced != "" {
		status["syncedResourceVersion"] = synced
	}
	if equal(o["status"], status) {
		return false
	}
	o["status"] = status
	s.put(o, "MODIFIED")
	return true
}

// Poller is KES: Poll is one poll of every object that it serves.
type Poller struct {
	InstanceID string
	Watched    []string
	Values     func(o Object) map[string]any
}

// Poll writes Secrets as KES does: the whole of them where labels, annotations
// or data differ, its own owner with them, with no resourceVersion.
func (p *Poller) Poll(s *Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.poll(s)
	s.settle()
}

// Reconcile is a KES whose next poll comes at once; it is a controller of
// Server.
func (p *Poller) Reconcile(s *Server) bool { return p.poll(s) }

func (p *Poller) poll(s *Server) (changed bool) {
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[key]
		if !strings.HasPrefix(key, KESResource+"/") || text(o, "spec", "controllerId") != p.InstanceID || meta(o)["deletionTimestamp"] != nil {
			continue
		}
		ns, name := text(o, "metadata", "namespace"), text(o, "metadata", "name")
		if len(p.Watched) > 0 && !slices.Contains(p.Watched, ns) {
			continue
		}
		data := p.Values(o)
		secret := Object{"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": data, "metadata": Object{"name": name, "namespace": ns}}
		setOwners(secret, []Object{{"apiVersion": "kubernetes-client.io/v1", "kind": "ExternalSecret", "name": name, "uid": text(o, "metadata", "uid"), "controller": true}})
		old := s.objects[Key(Secrets, ns, name)]
		switch {
		case old == nil:
			s.put(secret, "ADDED")
			changed = true
		case !equal(old["data"], data) || at(old, "metadata", "labels") != nil || at(old, "metadata", "annotations") != nil:
			meta(secret)["uid"] = meta(old)["uid"]
			s.put(secret, "MODIFIED")
			changed = true
		}
		o["status"] = Object{"lastSync": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "observedGeneration": at(o, "metadata", "generation"), "status": "SUCCESS"}
		s.put(o, "MODIFIED")
	}
	return changed
}
