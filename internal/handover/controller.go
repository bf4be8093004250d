package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

// workload is the part of a Deployment, StatefulSet, DaemonSet or Pod that
// tells KES.
type workload struct {
	Metadata Meta `json:"metadata"`
	Spec     struct {
		podSpec
		Replicas *int                  `json:"replicas"`
		Selector *metav1.LabelSelector `json:"selector"`
		Template struct {
			Metadata Meta    `json:"metadata"`
			Spec     podSpec `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
	Status struct {
		Phase                  string `json:"phase"`
		Replicas               int    `json:"replicas"`
		DesiredNumberScheduled int    `json:"desiredNumberScheduled"`
	} `json:"status"`
}

type podSpec struct {
	Containers []container `json:"containers"`
}

type container struct {
	Name  string   `json:"name"`
	Image string   `json:"image"`
	Env   []envVar `json:"env"`
	From  []struct {
		Prefix       string   `json:"prefix"`
		ConfigMapRef *nameRef `json:"configMapRef"`
		SecretRef    *nameRef `json:"secretRef"`
	} `json:"envFrom"`
}

type nameRef struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

type envVar struct {
	Name      string  `json:"name"`
	Value     *string `json:"value"`
	ValueFrom *struct {
		ConfigMapKeyRef *nameRef `json:"configMapKeyRef"`
		SecretKeyRef    *nameRef `json:"secretKeyRef"`
	} `json:"valueFrom"`
}

// project is KES's name in its image, its chart and its labels.
const project = "kubernetes-external-secrets"

// kesContainer finds KES among containers: by its image, by the variable that
// its chart always sets, or by the labels of its chart.
func kesContainer(m *Meta, list []container) *container {
	for i := range list {
		if strings.Contains(list[i].Image, project) {
			return &list[i]
		}
		for _, e := range list[i].Env {
			if e.Name == "POLLER_INTERVAL_MILLISECONDS" {
				return &list[i]
			}
		}
	}
	if len(list) > 0 && (m.Labels["app.kubernetes.io/name"] == project || m.Labels["app"] == project) {
		return &list[0]
	}
	return nil
}

// deciding are the variables that decide what KES serves and when.
var deciding = []string{"INSTANCE_ID", "WATCHED_NAMESPACES", "POLLER_INTERVAL_MILLISECONDS"}

// environment resolves a container's variables as the kubelet does: env wins
// over envFrom, later over earlier. ConfigMaps are read, Secrets are not.
func (c *Client) environment(ctx context.Context, out *Controller, k *container) error {
	values, secret := map[string]string{}, map[string]bool{}
	read := func(ref *nameRef) (map[string]string, error) {
		var m struct {
			Data map[string]string `json:"data"`
		}
		_, err := c.get(ctx, configMaps, out.Namespace, ref.Name, "", &m)
		return m.Data, err
	}
	for _, from := range k.From {
		switch {
		case from.SecretRef != nil:
			for _, name := range deciding {
				if strings.HasPrefix(name, from.Prefix) {
					secret[name] = true
				}
			}
		case from.ConfigMapRef != nil:
			data, err := read(from.ConfigMapRef)
			if err != nil {
				return err
			}
			for key, v := range data {
				values[from.Prefix+key] = v
				delete(secret, from.Prefix+key)
			}
		}
	}
	for _, e := range k.Env {
		delete(values, e.Name)
		delete(secret, e.Name)
		switch {
		case e.Value != nil:
			values[e.Name] = *e.Value
		case e.ValueFrom == nil:
		case e.ValueFrom.SecretKeyRef != nil:
			secret[e.Name] = true
		case e.ValueFrom.ConfigMapKeyRef != nil && slices.Contains(deciding, e.Name):
			data, err := read(e.ValueFrom.ConfigMapKeyRef)
			if err != nil {
				return err
			}
			values[e.Name] = data[e.ValueFrom.ConfigMapKeyRef.Key]
		}
	}
	out.InstanceID = values["INSTANCE_ID"]
	for ns := range strings.SplitSeq(values["WATCHED_NAMESPACES"], ",") {
		if ns = strings.TrimSpace(ns); ns != "" {
			out.Watched = append(out.Watched, ns)
		}
	}
	out.PollMilliseconds, _ = strconv.ParseInt(strings.TrimSpace(values["POLLER_INTERVAL_MILLISECONDS"]), 10, 64)
	for _, name := range deciding {
		if secret[name] {
			out.Unknown = append(out.Unknown, name)
		}
	}
	return nil
}

// controllerOf reads a workload; ok is false if it isn't KES and wasn't named.
func (c *Client) controllerOf(ctx context.Context, kind string, w *workload, named bool) (out Controller, ok bool, err error) {
	out = Controller{Kind: kind, Namespace: w.Metadata.Namespace, Name: w.Metadata.Name, uid: w.Metadata.UID}
	spec, meta := &w.Spec.Template.Spec, &w.Spec.Template.Metadata
	switch kind {
	case "Pod":
		spec, meta = &w.Spec.podSpec, &w.Metadata
		if w.Status.Phase == "Succeeded" || w.Status.Phase == "Failed" {
			return out, false, nil
		}
		out.Replicas, out.Terminating = 1, w.Metadata.DeletionTimestamp != ""
	case "DaemonSet":
		out.Replicas = max(w.Status.DesiredNumberScheduled, 1)
	default:
		out.Replicas = 1 // the API server's default
		if w.Spec.Replicas != nil {
			out.Replicas = *w.Spec.Replicas
		}
	}
	k := kesContainer(meta, spec.Containers)
	if k == nil && named && len(spec.Containers) > 0 {
		k = &spec.Containers[0]
	}
	if k == nil {
		return out, false, nil
	}
	out.container = k.Name
	if kind != "Pod" {
		selector, err := metav1.LabelSelectorAsSelector(w.Spec.Selector)
		if err != nil {
			return out, false, fmt.Errorf("read the selector of %s: %w", &out, err)
		}
		out.selector = selector.String()
	}
	return out, true, c.environment(ctx, &out, k)
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
