package handover

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// references are the fields of a pod, a workload's template, an Ingress or a
// service account that name a Secret (k8s.io/api, core/v1 and networking/v1).
type references struct {
	Metadata Meta   `json:"metadata"`
	Kind     string `json:"kind"`
	// Of a service account.
	Secrets          []nameRef `json:"secrets"`
	ImagePullSecrets []nameRef `json:"imagePullSecrets"`
	Spec             struct {
		podReads
		// Of an Ingress.
		TLS []struct {
			SecretName string `json:"secretName"`
		} `json:"tls"`
		// Of workloads and of a CronJob.
		Template    podTemplate `json:"template"`
		JobTemplate struct {
			Spec struct {
				Template podTemplate `json:"template"`
			} `json:"spec"`
		} `json:"jobTemplate"`
	} `json:"spec"`
}

type podTemplate struct {
	Spec podReads `json:"spec"`
}

type podReads struct {
	ImagePullSecrets    []nameRef   `json:"imagePullSecrets"`
	Containers          []container `json:"containers"`
	InitContainers      []container `json:"initContainers"`
	EphemeralContainers []container `json:"ephemeralContainers"`
	Volumes             []struct {
		Secret *struct {
			SecretName string `json:"secretName"`
		} `json:"secret"`
		Projected *struct {
			Sources []struct {
				Secret *nameRef `json:"secret"`
			} `json:"sources"`
		} `json:"projected"`
		CSI *struct {
			NodePublishSecretRef *nameRef `json:"nodePublishSecretRef"`
		} `json:"csi"`
	} `json:"volumes"`
}

func (p *podReads) each(name func(string)) {
	for _, r := range p.ImagePullSecrets {
		name(r.Name)
	}
	for _, c := range slices.Concat(p.Containers, p.InitContainers, p.EphemeralContainers) {
		for _, e := range c.Env {
			if e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil {
				name(e.ValueFrom.SecretKeyRef.Name)
			}
		}
		for _, f := range c.From {
			if f.SecretRef != nil {
				name(f.SecretRef.Name)
			}
		}
	}
	for _, v := range p.Volumes {
		if v.Secret != nil {
			name(v.Secret.SecretName)
		}
		if v.Projected != nil {
			for _, s := range v.Projected.Sources {
				if s.Secret != nil {
					name(s.Secret.Name)
				}
			}
		}
		if v.CSI != nil && v.CSI.NodePublishSecretRef != nil {
			name(v.CSI.NodePublishSecretRef.Name)
		}
	}
}

func (r *references) each(name func(string)) {
	r.Spec.each(name)
	r.Spec.Template.Spec.each(name)
	r.Spec.JobTemplate.Spec.Template.Spec.each(name)
	for _, t := range r.Spec.TLS {
		name(t.SecretName)
	}
	for _, s := range slices.Concat(r.Secrets, r.ImagePullSecrets) {
		name(s.Name)
	}
}

// readReaders notes who reads which Secret. A pod counts as what controls it:
// a template that changed may no longer say what its pods still read.
func (l *look) readReaders(ctx context.Context) error {
	if !l.o.Readers {
		return nil
	}
	type kind struct {
		r    resource
		name string
	}
	kinds := []kind{{deploys, "Deployment"}, {stateful, "StatefulSet"}, {daemons, "DaemonSet"}, {cronJobs, "CronJob"}, {jobs, "Job"}, {ingresses, "Ingress"}, {accounts, "ServiceAccount"}, {pods, "Pod"}}
	if err := each(ctx, kinds, len(kinds), func(k kind) error {
		err := l.c.list(ctx, k.r, l.o.Namespace, "", "", func() {}, func(raw json.RawMessage) error {
			var r references
			if err := json.Unmarshal(raw, &r); err != nil {
				return err
			}
			who := k.name + "/" + r.Metadata.Name
			for _, o := range r.Metadata.OwnerReferences {
				if k.name == "Pod" && controls(&o) {
					who = o.Kind + "/" + o.Name
				}
			}
			r.each(func(name string) { l.addReader(r.Metadata.Namespace+"/"+name, who) })
			return nil
		})
		if forbidden(err) {
			l.note("who reads the Secrets isn't complete: " + err.Error())
			return nil
		}
		return err
	}); err != nil {
		return err
	}
	l.foldReaders()
	return nil
}

func (l *look) addReader(key, who string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readers[key] == nil {
		l.readers[key] = map[string]bool{}
	}
	l.readers[key][who] = true
}

// foldReaders leaves out what a reader of the same Secret made: the ReplicaSet
// of a Deployment, the Job of a CronJob, which have its name and a suffix.
func (l *look) foldReaders() {
	for _, set := range l.readers {
		for who := range set {
			kind, name, _ := strings.Cut(who, "/")
			maker := map[string]string{"ReplicaSet": "Deployment", "Job": "CronJob"}[kind]
			if i := strings.LastIndexByte(name, '-'); maker != "" && i > 0 && set[maker+"/"+name[:i]] {
				delete(set, who)
			}
		}
	}
}
