package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Controller is one KES: a workload that may start pods, or a pod that runs.
type Controller struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Replicas is what a workload asks for; a pod counts for 1.
	Replicas int `json:"replicas"`
	// Terminating: a pod that was told to end, and runs until it has.
	Terminating bool `json:"terminating,omitempty"`
	// InstanceID and Watched are INSTANCE_ID and WATCHED_NAMESPACES. Unknown
	// lists variables of KES whose values a Secret holds, which isn't read.
	InstanceID string   `json:"instanceId,omitempty"`
	Watched    []string `json:"watchedNamespaces,omitempty"`
	Unknown    []string `json:"unknown,omitempty"`
	// PollMilliseconds is POLLER_INTERVAL_MILLISECONDS; 0: not given, or not
	// known.
	PollMilliseconds int64 `json:"pollMilliseconds,omitempty"`

	selector  string
	uid       string
	container string
}

func (c *Controller) String() string { return c.Kind + " " + c.Namespace + "/" + c.Name }

// defaultPoll is KES's interval where POLLER_INTERVAL_MILLISECONDS isn't set
// (8.5.5, config/environment.js).
const defaultPoll = 10 * time.Second

func (c *Controller) poll() time.Duration {
	if c.PollMilliseconds > 0 {
		return time.Duration(c.PollMilliseconds) * time.Millisecond
	}
	return defaultPoll
}

// Frozen is the beginning of a controllerId that mode freeze and protect set;
// no KES has it as INSTANCE_ID.
const Frozen = "kesbridge-frozen"

// why says why this KES may serve the object; empty: it doesn't. KES takes
// objects of its namespaces where INSTANCE_ID and controllerId are equal or
// both unset, and any without spec (8.5.5, lib/daemon.js and
// lib/external-secret.js).
func (c *Controller) why(k *kesObject) string {
	if c.Replicas == 0 {
		return ""
	}
	if len(c.Watched) > 0 && !slices.Contains(c.Watched, k.Metadata.Namespace) {
		return ""
	}
	id := k.controllerID()
	switch {
	case k.Spec == nil:
		return fmt.Sprintf("%s runs, and KES serves a resource without spec whatever its controllerId", c)
	case id != c.InstanceID && !slices.Contains(c.Unknown, "INSTANCE_ID"):
		return ""
	case strings.HasPrefix(id, Frozen) && slices.Contains(c.Unknown, "INSTANCE_ID"):
		return ""
	}
	text := fmt.Sprintf("%s runs and serves it", c)
	if c.Terminating {
		text = fmt.Sprintf("%s still ends and serves it until then", c)
	}
	if slices.Contains(c.Unknown, "INSTANCE_ID") {
		text += " (its INSTANCE_ID comes from a Secret, so it may be the same as controllerId)"
	}
	return text
}

// NoKESError says that a Deployment that was named isn't there.
type NoKESError struct{ Namespace, Name string }

func (e *NoKESError) Error() string {
	return fmt.Sprintf("--kes %s/%s: there is no such Deployment", e.Namespace, e.Name)
}

// Hint says what to do.
func (e *NoKESError) Hint() string {
	return "give the Deployment of kubernetes-external-secrets as NAMESPACE/NAME, leave --kes out to search the cluster, or say --kes none where KES isn't installed"
}

// NoKES is what --kes says where KES isn't installed.
const NoKES = "none"

// controllers finds every KES of the cluster: workloads that may start one and
// pods that run, those that end too. With named, as NAMESPACE/NAME, only these
// Deployments and their pods are read.
func (c *Client) controllers(ctx context.Context, named []string) ([]Controller, error) {
	var out []Controller
	add := func(kind string, byName bool) func(json.RawMessage) error {
		return func(raw json.RawMessage) error {
			var w workload
			if err := json.Unmarshal(raw, &w); err != nil {
				return err
			}
			one, ok, err := c.controllerOf(ctx, kind, &w, byName)
			if ok && err == nil && !slices.ContainsFunc(out, func(o Controller) bool { return o.uid == one.uid }) {
				out = append(out, one)
			}
			return err
		}
	}
	if slices.Contains(named, NoKES) {
		return nil, nil
	}
	for _, id := range named {
		ns, name, _ := strings.Cut(id, "/")
		var raw json.RawMessage
		found, err := c.get(ctx, deploys, ns, name, "", &raw)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, &NoKESError{ns, name}
		}
		if err := add("Deployment", true)(raw); err != nil {
			return nil, err
		}
		i := slices.IndexFunc(out, func(o Controller) bool { return o.Kind == "Deployment" && o.Namespace == ns && o.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("--kes %s: the Deployment has no container", id)
		}
		// An empty selector would be every pod's: KES is told by what it runs then.
		selector := out[i].selector
		if err := c.list(ctx, pods, ns, selector, "", func() {}, add("Pod", selector != "")); err != nil {
			return nil, err
		}
	}
	if len(named) > 0 {
		return out, nil
	}
	for _, kind := range []struct {
		r    resource
		name string
	}{{deploys, "Deployment"}, {stateful, "StatefulSet"}, {daemons, "DaemonSet"}, {pods, "Pod"}} {
		if err := c.list(ctx, kind.r, "", "", "", func() {}, add(kind.name, false)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Serving says which KES may serve an object and why; empty: none does.
func serving(list []Controller, k *kesObject) string {
	for i := range list {
		if why := list[i].why(k); why != "" {
			return why
		}
	}
	return ""
}

// names gives the Deployments as --kes takes them.
func deploymentsOf(list []Controller) []string {
	var out []string
	for _, c := range list {
		if c.Kind == "Deployment" {
			out = append(out, c.Namespace+"/"+c.Name)
		}
	}
	return out
}

// slowest is the longest poll interval of all KES that are there.
func slowest(list []Controller) time.Duration {
	longest := time.Duration(0)
	for i := range list {
		longest = max(longest, list[i].poll())
	}
	if longest == 0 {
		return defaultPoll
	}
	return longest
}
