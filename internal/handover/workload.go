package handover

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

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
	out.PollMilliseconds = milliseconds(values["POLLER_INTERVAL_MILLISECONDS"])
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

// milliseconds reads a poll interval as KES's Number() does (config/environment.js):
// Helm writes 1000000 of its values as 1e+06. 0: it is no number.
func milliseconds(text string) int64 {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(n > 0) || n > math.MaxInt32 { // setTimeout takes no more
		return 0
	}
	return int64(math.Ceil(n))
}
