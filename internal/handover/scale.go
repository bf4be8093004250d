package handover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Replicas is the annotation on KES's Deployment that keeps how many replicas
// it had, so that any later run can give them back.
const Replicas = "kesbridge/replicas"

// ScaleError says that KES can't be scaled, or isn't gone.
type ScaleError struct{ Text, Fix string }

func (e *ScaleError) Error() string { return e.Text }

// Hint says what to do.
func (e *ScaleError) Hint() string { return e.Fix }

// scaleDown scales every Deployment that serves a Secret of this run to 0, and
// waits until its pods are gone.
func (r *runner) scaleDown(ctx context.Context) error {
	for _, c := range r.look.kesList {
		serves := false
		for _, it := range r.items {
			serves = serves || it.kes != nil && len(it.eso) > 0 && c.why(it.kes) != ""
		}
		if !serves || c.Kind == "Pod" {
			continue // a pod goes with its Deployment; others are refused one by one
		}
		if c.Kind != "Deployment" {
			return &ScaleError{c.String() + " serves these Secrets, and kesbridge scales only Deployments", "stop it by hand, and leave --scale-kes out"}
		}
		if err := r.o.Journal.note(Entry{Run: r.id, Step: StepScale, Detail: fmt.Sprintf("%s from %d to 0", c.String(), c.Replicas)}); err != nil {
			return err
		}
		body := map[string]any{"metadata": map[string]any{"uid": c.uid, "annotations": map[string]string{Replicas: strconv.Itoa(c.Replicas)}}, "spec": map[string]any{"replicas": 0}}
		if err := r.c.patch(ctx, deploys, c.Namespace, c.Name, body, metaOnly, nil); err != nil {
			return err
		}
		r.say("%s is scaled to 0; other Secrets of KES are not refreshed meanwhile", c.String())
	}
	return r.ended(ctx)
}

// ended waits until no KES serves a Secret of this run.
func (r *runner) ended(ctx context.Context) error {
	begun := time.Now()
	for wait := firstLook; ; wait = min(wait*3/2, lastLook) {
		list, err := r.c.controllers(ctx, r.o.Controllers)
		if err != nil {
			return err
		}
		var left []string
		for i := range list {
			for _, it := range r.items {
				if it.kes != nil && len(it.eso) > 0 && list[i].why(it.kes) != "" {
					left = append(left, list[i].String())
					break
				}
			}
		}
		if len(left) == 0 {
			r.kes = newWatchKES(r.c, r.o.Controllers, list)
			// A KES that ended may have synced until a moment ago.
			for _, it := range r.items {
				if it.kes == nil {
					continue
				}
				var k kesObject
				if found, err := r.c.get(ctx, kesObjects, it.Namespace, it.Name, "", &k); err != nil {
					return err
				} else if found && k.Metadata.UID == it.kes.Metadata.UID {
					it.kes = &k
				}
			}
			r.looked = time.Now()
			return nil
		}
		if time.Since(begun) > r.o.Timeout {
			return &ScaleError{fmt.Sprintf("%s did not end after %s", strings.Join(left, ", "), r.o.Timeout), "is something scaling it up again (Argo CD with selfHeal, an autoscaler)? Scale it in Git instead"}
		}
		if !sleep(ctx, wait) {
			return context.Cause(ctx)
		}
	}
}

// scaleBack gives KES its replicas back, if no KES object of this run is left:
// KES takes back what it sees. It also ends what an interrupted run began.
func (r *runner) scaleBack(ctx context.Context) error {
	if !r.o.Yes || !r.o.ScaleKES || ctx.Err() != nil {
		return nil
	}
	var left []string
	for _, it := range r.items {
		if it.kes == nil || len(it.eso) == 0 {
			continue
		}
		var k kesObject
		found, err := r.c.get(ctx, kesObjects, it.Namespace, it.Name, "", &k)
		if err != nil {
			return err
		}
		if found {
			left = append(left, it.Namespace+"/"+it.Name)
		}
	}
	var errs []error
	for _, id := range deploymentsOf(r.look.kesList) {
		ns, name, _ := strings.Cut(id, "/")
		errs = append(errs, r.giveBack(ctx, ns, name, left))
	}
	return errors.Join(errs...)
}

func (r *runner) giveBack(ctx context.Context, ns, name string, left []string) error {
	var raw json.RawMessage
	found, err := r.c.get(ctx, deploys, ns, name, "", &raw)
	if err != nil || !found {
		return err
	}
	var w workload
	if err := json.Unmarshal(raw, &w); err != nil {
		return err
	}
	was, err := strconv.Atoi(w.Metadata.Annotations[Replicas])
	if err != nil || was < 1 {
		return nil // kesbridge didn't scale it
	}
	if len(left) > 0 {
		return &ScaleError{
			fmt.Sprintf("Deployment %s/%s stays scaled to 0: KES resources of this run are left: %s", ns, name, strings.Join(left, ", ")),
			fmt.Sprintf("mend what was refused and run again; or give up and run kubectl scale -n %s deployment %s --replicas %d, if kesbridge cutover status says that KES owns these Secrets", ns, name, was),
		}
	}
	if err := r.o.Journal.note(Entry{Run: r.id, Step: StepScale, Detail: fmt.Sprintf("Deployment %s/%s back to %d", ns, name, was)}); err != nil {
		return err
	}
	body := map[string]any{"metadata": map[string]any{"uid": w.Metadata.UID, "annotations": map[string]any{Replicas: nil}}, "spec": map[string]any{"replicas": was}}
	if err := r.c.patch(ctx, deploys, ns, name, body, metaOnly, nil); err != nil {
		return err
	}
	r.say("Deployment %s/%s has its %s back", ns, name, count(was, "replica"))
	return nil
}
