package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Proof is the label of an ESO object that kesbridge makes for a moment, to
// see what ESO would write.
const Proof = "kesbridge/proof"

// proofName is the name of that object and of its Secret.
func proofName(name string) string {
	const suffix = "-kesbridge-proof"
	if len(name)+len(suffix) > 253 {
		name = strings.TrimRight(name[:253-len(suffix)], ".-")
	}
	return name + suffix
}

// prove lets ESO write a second Secret from the same spec and compares it with
// the first, key by key and value by value. Both are there for a moment only.
func (h *handing) prove(ctx context.Context, f *facts) error {
	if f.secret.adopted(f.eso) || h.proved {
		return nil
	}
	r, err := h.r.c.esoResource(ctx, "externalsecrets")
	if err != nil {
		return err
	}
	name := proofName(h.it.Name)
	o, err := proofOf(f.eso, name)
	if err != nil {
		return err
	}
	if err := h.unprove(ctx, r, name); err != nil { // of a run that was interrupted
		return err
	}
	if err := h.r.c.create(ctx, r, h.it.Namespace, o, nil); err != nil && !exists(err) {
		return err
	}
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), afterwards)
		defer cancel()
		if err := h.unprove(clean, r, name); err != nil {
			h.r.say("ESO resource %s/%s is left over: %v", h.it.Namespace, name, err)
		}
	}()
	made, err := h.proof(ctx, r, name)
	if err != nil {
		return err
	}
	if keys := differing(f.secret.Data, made.Data); len(keys) > 0 {
		return &RefusedError{h.it.Namespace, h.it.Name, []Problem{{"ESO would write other data: " + keyList(keys) + " would differ, be added or be gone", "correct the ESO resource; kesbridge verify says where both differ"}}}
	}
	h.proved = true
	h.step("ESO writes the same data")
	return nil
}

// proofOf copies the spec: another target, and nothing of Argo CD's.
func proofOf(e *esoObject, name string) (map[string]any, error) {
	var o map[string]any
	if err := json.Unmarshal(e.raw, &o); err != nil {
		return nil, fmt.Errorf("read the ESO resource: %w", err)
	}
	spec, _ := o["spec"].(map[string]any)
	target, _ := spec["target"].(map[string]any)
	if target == nil {
		target = map[string]any{}
	}
	target["name"], target["creationPolicy"], target["deletionPolicy"] = name, "Owner", "Retain"
	if spec != nil {
		spec["target"] = target
	}
	return map[string]any{
		"apiVersion": o["apiVersion"], "kind": "ExternalSecret", "spec": spec,
		"metadata": map[string]any{"name": name, "namespace": e.Metadata.Namespace, "labels": map[string]string{Proof: "true"}},
	}, nil
}

// proof waits for the second Secret.
func (h *handing) proof(ctx context.Context, r resource, name string) (*secret, error) {
	begun := time.Now()
	for wait := firstLook; time.Since(begun) < h.r.o.Timeout; wait = min(wait*3/2, lastLook) {
		if !sleep(ctx, wait) {
			return nil, context.Cause(ctx)
		}
		s := &secret{}
		found, err := h.r.c.get(ctx, secrets, h.it.Namespace, name, "", s)
		if err != nil {
			return nil, err
		}
		if found && s.marked() {
			return s, nil
		}
	}
	message := "ESO has not written the second Secret " + name
	var e esoObject
	if _, err := h.r.c.get(ctx, r, h.it.Namespace, name, "", &e); err == nil && e.ready() != nil {
		message += ": " + e.ready().Message
	}
	return nil, &RefusedError{h.it.Namespace, h.it.Name, []Problem{{message, "kubectl get events -n " + h.it.Namespace + " shows why; or leave --prove out"}}}
}

// unprove takes the second object away; its Secret goes with it.
func (h *handing) unprove(ctx context.Context, r resource, name string) error {
	begun := time.Now()
	for wait := firstLook; ; wait = min(wait*3/2, lastLook) {
		var e esoObject
		found, err := h.r.c.get(ctx, r, h.it.Namespace, name, "", &e)
		if err != nil || !found {
			return err
		}
		if time.Since(begun) > h.r.o.Timeout {
			return &ESOStaysError{h.it.Namespace, name, false}
		}
		if e.Metadata.Labels[Proof] == "" {
			return fmt.Errorf("ESO resource %s/%s isn't kesbridge's", h.it.Namespace, name)
		}
		if e.Metadata.DeletionTimestamp == "" {
			if err := h.r.c.remove(ctx, r, h.it.Namespace, name, e.Metadata.UID, "Background"); err != nil {
				return err
			}
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}
