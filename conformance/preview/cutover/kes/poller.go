package kes

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"kesbridge/conformance/preview/cluster"
)

// object is a KES object as the daemon got it; raw is all of it.
type object struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Metadata   cluster.Meta `json:"metadata"`
	Spec       struct {
		BackendType  string `json:"backendType"`
		ControllerID string `json:"controllerId"`
		Data         []struct {
			Key  string `json:"key"`
			Name string `json:"name"`
		} `json:"data"`
		Template struct {
			Type     string `json:"type"`
			Metadata struct {
				Labels      ordered `json:"labels"`
				Annotations ordered `json:"annotations"`
			} `json:"metadata"`
		} `json:"template"`
	} `json:"spec"`
	raw json.RawMessage
}

// ordered is an object of strings that keeps the order of its keys, as
// JavaScript does (for keys that aren't integers).
type ordered []pair

type pair struct{ key, value string }

func (o *ordered) UnmarshalJSON(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return err // null, or not an object: none
	}
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			return err
		}
		var v string
		if err := dec.Decode(&v); err != nil {
			return err
		}
		o.set(k.(string), v)
	}
	return nil
}

func (o *ordered) set(key, value string) {
	for i := range *o {
		if (*o)[i].key == key {
			(*o)[i].value = value
			return
		}
	}
	*o = append(*o, pair{key, value})
}

func (o ordered) asMap() map[string]string {
	m := map[string]string{}
	for _, p := range o {
		m[p.key] = p.value
	}
	return m
}

// poller is Poller: it polls once; the event of the status that it writes
// starts the next.
type poller struct {
	d *daemon
	o object

	mu      sync.Mutex
	planned chan struct{} // closed by stop
}

// stop takes back a poll that is planned. As in the real one, a poller that
// hasn't read its status yet plans one all the same.
func (p *poller) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.planned != nil {
		close(p.planned)
		p.planned = nil
	}
}

func (p *poller) path(more ...string) string {
	return cluster.Namespaced(Group, p.o.Metadata.Namespace, Resource, append([]string{p.o.Metadata.Name}, more...)...)
}

// schedule is _scheduleNextPoll, and the timer that it sets.
func (p *poller) schedule() {
	var got struct {
		Status struct {
			LastSync           string `json:"lastSync"`
			ObservedGeneration int64  `json:"observedGeneration"`
		} `json:"status"`
	}
	if err := p.d.client.Get(p.d.ctx, p.path("status"), &got); err != nil {
		p.d.log("status check went boom for %s/%s: %v", p.o.Metadata.Namespace, p.o.Metadata.Name, err)
		return
	}
	in := time.Duration(0)
	if got.Status.ObservedGeneration >= p.o.Metadata.Generation {
		last, _ := time.Parse(time.RFC3339, got.Status.LastSync)
		if elapsed := time.Since(last); elapsed >= 0 {
			in = max(p.d.settings.Interval-elapsed, 0)
		}
	}
	planned := make(chan struct{})
	p.mu.Lock()
	p.planned = planned
	p.mu.Unlock()
	select {
	case <-time.After(in):
		p.poll()
	case <-planned:
	case <-p.d.ctx.Done():
	}
}

// poll is _poll. A status that can't be written is tried once more, as an
// error; then the process ends.
func (p *poller) poll() {
	if p.d.ctx.Err() != nil {
		return
	}
	status := "SUCCESS"
	err := p.upsert()
	if err == nil {
		if err = p.writeStatus(status); err == nil {
			return
		}
	}
	p.d.log("failure while polling the secret %s/%s: %v", p.o.Metadata.Namespace, p.o.Metadata.Name, err)
	if err := p.writeStatus("ERROR, " + err.Error()); err != nil {
		p.d.exit(fmt.Errorf("%w: %w", ErrExit, err))
	}
}

// desired is _createSecretManifest.
func (p *poller) desired() (data ordered, secret map[string]any, err error) {
	t := p.o.Spec.Template
	p.d.backend.wait(p.d.ctx)
	for _, item := range p.o.Spec.Data {
		value, ok := p.d.backend.get(item.Key)
		if !ok {
			return nil, nil, fmt.Errorf("no value %s", item.Key)
		}
		data.set(item.Name, base64.StdEncoding.EncodeToString([]byte(value)))
	}
	meta := map[string]any{
		"name": p.o.Metadata.Name,
		"ownerReferences": []map[string]any{{
			"apiVersion": p.o.APIVersion, "controller": true, "kind": p.o.Kind, "name": p.o.Metadata.Name, "uid": p.o.Metadata.UID,
		}},
	}
	if t.Metadata.Labels != nil {
		meta["labels"] = t.Metadata.Labels.asMap()
	}
	if t.Metadata.Annotations != nil {
		meta["annotations"] = t.Metadata.Annotations.asMap()
	}
	kind := t.Type
	if kind == "" {
		kind = "Opaque"
	}
	return data, map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": kind, "data": data.asMap()}, nil
}

// upsert is _upsertKubernetesSecret.
func (p *poller) upsert() error {
	data, want, err := p.desired()
	if err != nil {
		return err
	}
	secrets := cluster.Namespaced("v1", p.o.Metadata.Namespace, "secrets")
	path := secrets + "/" + p.o.Metadata.Name
	var live struct {
		Metadata struct{ Labels, Annotations ordered }
		Data     ordered
	}
	switch err := p.d.client.Get(p.d.ctx, path, &live); {
	case cluster.Code(err) == http.StatusNotFound:
		p.d.log("creating secret %s/%s", p.o.Metadata.Namespace, p.o.Metadata.Name)
		return p.d.client.Do(p.d.ctx, http.MethodPost, secrets, "", want, nil)
	case err != nil:
		return err
	}
	t := p.o.Spec.Template.Metadata
	if same(live.Metadata.Labels, t.Labels) && same(live.Metadata.Annotations, t.Annotations) && same(live.Data, data) {
		return nil
	}
	p.d.log("updating secret %s/%s", p.o.Metadata.Namespace, p.o.Metadata.Name)
	return p.d.client.Do(p.d.ctx, http.MethodPut, path, "", want, nil)
}

// same compares as JSON.stringify does: in order. The API server sorts keys, so
// that an object whose data isn't sorted is written at every poll.
func same(live, want ordered) bool {
	if len(live) != len(want) {
		return false
	}
	for i := range live {
		if live[i] != want[i] {
			return false
		}
	}
	return (live == nil) == (want == nil)
}

// writeStatus is _updateStatus: the object as it was, with its resourceVersion.
// A conflict is nothing: the event of the change starts a new poller.
func (p *poller) writeStatus(status string) error {
	var whole map[string]any
	if err := json.Unmarshal(p.o.raw, &whole); err != nil {
		return err
	}
	body := maps.Clone(whole)
	body["status"] = map[string]any{
		"lastSync":           time.Now().UTC().Format("2006-01-02T15:04:05.000Z"),
		"observedGeneration": p.o.Metadata.Generation,
		"status":             status,
	}
	err := p.d.client.Do(p.d.ctx, http.MethodPut, p.path("status"), "", body, nil)
	if cluster.Code(err) == http.StatusConflict || p.d.ctx.Err() != nil {
		return nil
	}
	return err
}
