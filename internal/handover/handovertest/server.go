// Package handovertest is a small API server for tests: it holds
// resourceVersions and uids as the real one does, collects garbage, and has an
// ESO and a KES that behave as measured on real ones (docs/cutover.md).
// conformance/ has the real ones.
package handovertest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
)

// Object is a decoded object.
type Object = map[string]any

// Server is the API server.
type Server struct {
	*httptest.Server
	// ESOVersions are the served versions of external-secrets.io.
	ESOVersions []string
	// Discovery is what /apis answers, or nil.
	Discovery Object
	// Forbid lists what is answered 403: "list secrets".
	Forbid map[string]bool
	// PageSize bounds a page, whatever the client asks for; 0: as asked.
	PageSize int

	mu sync.Mutex
	// before and after are Hooks; controllers are run after each change, until
	// none changes anything.
	before, after Hook
	controllers   []func(s *Server) bool
	objects       map[string]Object // by resource path
	version       int
	requests      int
	log           []string
	expired       bool
}

// Hook is called with the number of a request, its verb and path; false drops
// the connection.
type Hook func(n int, verb, path string) bool

// SetBefore sets what is called before a request is carried out, SetAfter when
// it was.
func (s *Server) SetBefore(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = h
}

// SetAfter is like SetBefore.
func (s *Server) SetAfter(h Hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = h
}

// AddController lets a controller do its work after each change.
func (s *Server) AddController(c func(s *Server) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.controllers = append(s.controllers, c)
}

// StopControllers takes all controllers away.
func (s *Server) StopControllers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.controllers = nil
}

// New starts a server; Close ends it.
func New() *Server {
	s := &Server{ESOVersions: []string{"v1"}, Forbid: map[string]bool{}, objects: map[string]Object{}, version: 100}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Kubeconfig is one for the server.
func (s *Server) Kubeconfig(namespace string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- name: test\n  cluster: {server: %q}\nusers:\n- name: tester\n  user: {token: t}\ncontexts:\n- name: test\n  context: {cluster: test, user: tester, namespace: %q}\n", s.URL, namespace)
}

// Key is where an object is kept: resource.group/namespace/name.
func Key(resource, namespace, name string) string { return resource + "/" + namespace + "/" + name }

// plurals of the kinds that tests use.
var plurals = map[string]string{
	"ExternalSecret": "externalsecrets", "Secret": "secrets", "SecretStore": "secretstores", "ClusterSecretStore": "clustersecretstores",
	"Deployment": "deployments", "Pod": "pods", "ConfigMap": "configmaps", "Application": "applications", "Ingress": "ingresses",
	"ServiceAccount": "serviceaccounts", "StatefulSet": "statefulsets", "CronJob": "cronjobs", "Job": "jobs", "DaemonSet": "daemonsets", "Namespace": "namespaces", "Prometheus": "prometheuses",
}

func resourceOf(o Object) string {
	group, _, ok := strings.Cut(text(o, "apiVersion"), "/")
	kind := text(o, "kind")
	if !ok {
		return plurals[kind]
	}
	return plurals[kind] + "." + group
}

func text(o Object, path ...string) string {
	s, _ := at(o, path...).(string)
	return s
}

func at(o Object, path ...string) any {
	var v any = o
	for _, p := range path {
		m, _ := v.(map[string]any)
		v = m[p]
	}
	return v
}

func meta(o Object) Object {
	m, _ := o["metadata"].(map[string]any)
	if m == nil {
		m = Object{}
		o["metadata"] = m
	}
	return m
}

// Add stores objects as they are, with a uid and a version where they have
// none, and gives the last one's uid.
func (s *Server) Add(list ...Object) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	uid := ""
	for _, o := range list {
		o = clone(o)
		s.put(o, "ADDED")
		uid = text(o, "metadata", "uid")
	}
	return uid
}

// Get gives a copy of an object, or nil.
func (s *Server) Get(resource, namespace, name string) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o := s.objects[Key(resource, namespace, name)]; o != nil {
		return clone(o)
	}
	return nil
}

// Change edits an object in place and runs the controllers.
func (s *Server) Change(resource, namespace, name string, edit func(o Object)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := clone(s.objects[Key(resource, namespace, name)])
	edit(o)
	s.put(o, "MODIFIED")
	s.settle()
}

// Delete deletes an object as a client would.
func (s *Server) Delete(resource, namespace, name, propagation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.delete(s.objects[Key(resource, namespace, name)], propagation)
	s.settle()
}

// Settle runs the controllers.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
}

// Log is every change: "MODIFIED secrets/shop/db".
func (s *Server) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}

// Requests is how many requests came.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Expire lets the next continue token be too old.
func (s *Server) Expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired = true
}

func clone(o Object) Object {
	data, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	var out Object
	if err := json.Unmarshal(data, &out); err != nil {
		panic(err)
	}
	return out
}

func (s *Server) put(o Object, event string) {
	s.version++
	m := meta(o)
	if m["uid"] == nil {
		m["uid"] = fmt.Sprintf("uid-%d", s.version)
	}
	key := Key(resourceOf(o), text(o, "metadata", "namespace"), text(o, "metadata", "name"))
	old := s.objects[key]
	generation, _ := m["generation"].(float64)
	if generation == 0 {
		generation = 1
	}
	if old != nil && !equal(old["spec"], o["spec"]) {
		generation++
	}
	m["generation"] = generation
	m["resourceVersion"] = strconv.Itoa(s.version)
	s.objects[key] = o
	s.log = append(s.log, event+" "+key)
}

func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

func (s *Server) drop(o Object) {
	key := Key(resourceOf(o), text(o, "metadata", "namespace"), text(o, "metadata", "name"))
	delete(s.objects, key)
	s.log = append(s.log, "DELETED "+key)
}

// delete marks an object, or takes it away where nothing holds it.
func (s *Server) delete(o Object, propagation string) {
	m := meta(o)
	var finalizers []any
	if list, ok := m["finalizers"].([]any); ok {
		finalizers = slices.Clone(list)
	}
	switch propagation {
	case "Orphan":
		finalizers = append(finalizers, "orphan")
	case "Foreground":
		finalizers = append(finalizers, "foregroundDeletion")
	}
	if len(finalizers) == 0 {
		s.drop(o)
		return
	}
	if m["deletionTimestamp"] == nil {
		m["finalizers"], m["deletionTimestamp"] = finalizers, time.Now().UTC().Format(time.RFC3339)
		s.put(o, "MODIFIED")
	}
}

func (s *Server) settle() {
	for range 50 {
		changed := s.collect()
		for _, c := range s.controllers {
			changed = c(s) || changed
		}
		if !changed {
			return
		}
	}
}

func ownersOf(o Object) []Object {
	list, _ := meta(o)["ownerReferences"].([]any)
	var out []Object
	for _, it := range list {
		if m, ok := it.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func setOwners(o Object, list []Object) {
	if len(list) == 0 {
		delete(meta(o), "ownerReferences")
		return
	}
	var out []any
	for _, m := range list {
		out = append(out, m)
	}
	meta(o)["ownerReferences"] = out
}

// collect is the garbage collector: an orphaning deletion takes the owner out
// of dependents, others take those away that have no owner left.
func (s *Server) collect() bool {
	uids := map[string]Object{}
	for _, o := range s.objects {
		uids[text(o, "metadata", "uid")] = o
	}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[key]
		finalizers, _ := meta(o)["finalizers"].([]any)
		if slices.Contains(finalizers, any("orphan")) {
			uid := text(o, "metadata", "uid")
			for _, d := range s.objects {
				if rest := slices.DeleteFunc(ownersOf(d), func(r Object) bool { return r["uid"] == uid }); len(rest) != len(ownersOf(d)) {
					d = clone(d)
					setOwners(d, rest)
					s.put(d, "MODIFIED")
				}
			}
			s.release(o, "orphan")
			return true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[key]
		owners := ownersOf(o)
		left := slices.ContainsFunc(owners, func(r Object) bool {
			owner := uids[fmt.Sprint(r["uid"])]
			return owner != nil && meta(owner)["deletionTimestamp"] == nil
		})
		if len(owners) > 0 && !left {
			s.drop(o)
			return true
		}
		if list, _ := meta(o)["finalizers"].([]any); slices.Contains(list, any("foregroundDeletion")) {
			s.release(o, "foregroundDeletion")
			return true
		}
	}
	return false
}

func (s *Server) release(o Object, finalizer string) {
	list, _ := meta(o)["finalizers"].([]any)
	list = slices.DeleteFunc(slices.Clone(list), func(f any) bool { return f == finalizer })
	if len(list) == 0 {
		s.drop(o)
		return
	}
	meta(o)["finalizers"] = list
	s.put(o, "MODIFIED")
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests++
	n, before := s.requests, s.before
	s.mu.Unlock()
	if before != nil && !before(n, r.Method, r.URL.Path) {
		panic(http.ErrAbortHandler)
	}
	s.mu.Lock()
	code, out := s.answer(r)
	data, err := json.Marshal(out)
	after := s.after
	s.mu.Unlock()
	if err != nil {
		panic(err)
	}
	if after != nil && !after(n, r.Method, r.URL.Path) {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(data)
}

func fault(code int, reason, message string) (int, any) {
	return code, Object{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code, "message": message}
}

// answer carries a request out.
func (s *Server) answer(r *http.Request) (int, any) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	group := ""
	switch {
	case r.URL.Path == "/apis/external-secrets.io":
		var versions []any
		for _, v := range s.ESOVersions {
			versions = append(versions, Object{"groupVersion": "external-secrets.io/" + v, "version": v})
		}
		if len(versions) == 0 {
			return fault(404, "NotFound", "no such group")
		}
		return 200, Object{"kind": "APIGroup", "apiVersion": "v1", "name": "external-secrets.io", "versions": versions}
	case r.URL.Path == "/apis" && s.Discovery != nil:
		return 200, s.Discovery
	case strings.HasSuffix(r.URL.Path, "/selfsubjectreviews"):
		return 201, Object{"status": Object{"userInfo": Object{"username": "tester@example.com"}}}
	case parts[0] == "apis" && len(parts) > 3:
		group = "." + parts[1]
		if parts[1] == "external-secrets.io" && !slices.Contains(s.ESOVersions, parts[2]) {
			return fault(404, "NotFound", "the server could not find the requested resource")
		}
		parts = parts[3:]
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	default:
		return fault(404, "NotFound", "the server could not find the requested resource")
	}
	namespace := ""
	if parts[0] == "namespaces" && len(parts) > 2 {
		namespace, parts = parts[1], parts[2:]
	}
	resource := parts[0] + group
	if len(parts) == 1 {
		if r.Method == http.MethodPost {
			return s.post(r, namespace)
		}
		return s.list(r, resource, namespace)
	}
	verb := map[string]string{"GET": "get", "PATCH": "patch", "DELETE": "delete"}[r.Method]
	if s.Forbid[verb+" "+resource] {
		return fault(403, "Forbidden", "forbidden: "+verb+" "+resource)
	}
	o := s.objects[Key(resource, namespace, parts[1])]
	if o == nil {
		return fault(404, "NotFound", resource+" \""+parts[1]+"\" not found")
	}
	switch r.Method {
	case http.MethodGet:
		return 200, shape(r, o)
	case http.MethodPatch:
		return s.patch(r, o)
	case http.MethodDelete:
		return s.remove(r, o)
	}
	return fault(405, "MethodNotAllowed", r.Method)
}

// shape leaves only the metadata where that was asked for.
func shape(r *http.Request, o Object) Object {
	if strings.Contains(r.Header.Get("Accept"), "as=PartialObjectMetadata") {
		return Object{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": o["metadata"]}
	}
	return o
}

func (s *Server) list(r *http.Request, resource, namespace string) (int, any) {
	if s.Forbid["list "+resource] {
		return fault(403, "Forbidden", "forbidden: list "+resource)
	}
	q := r.URL.Query()
	selector, err := labels.Parse(q.Get("labelSelector"))
	if err != nil {
		return fault(400, "BadRequest", err.Error())
	}
	limit, _ := strconv.Atoi(q.Get("limit"))
	if s.PageSize > 0 {
		limit = s.PageSize
	}
	from := q.Get("continue")
	if from != "" && s.expired {
		s.expired = false
		return fault(410, "Expired", "the provided continue parameter is too old")
	}
	out, next := []any{}, ""
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		o := s.objects[key]
		if !strings.HasPrefix(key, resource+"/") || namespace != "" && text(o, "metadata", "namespace") != namespace || key < from {
			continue
		}
		set := labels.Set{}
		if m, ok := at(o, "metadata", "labels").(map[string]any); ok {
			for k, v := range m {
				set[k] = fmt.Sprint(v)
			}
		}
		if !selector.Matches(set) {
			continue
		}
		if limit > 0 && len(out) == limit {
			next = key
			break
		}
		out = append(out, shape(r, o))
	}
	return 200, Object{"kind": "List", "apiVersion": "v1", "metadata": Object{"continue": next}, "items": out}
}

func body(r *http.Request) Object {
	var o Object
	data, _ := io.ReadAll(r.Body)
	_ = json.Unmarshal(data, &o)
	return o
}

func (s *Server) post(r *http.Request, namespace string) (int, any) {
	o := body(r)
	meta(o)["namespace"] = namespace
	delete(meta(o), "uid")
	key := Key(resourceOf(o), namespace, text(o, "metadata", "name"))
	if s.objects[key] != nil {
		return fault(409, "AlreadyExists", "already exists")
	}
	s.put(o, "ADDED")
	answer := clone(o)
	s.settle()
	return 201, answer
}

// patch is a JSON merge patch with uid and resourceVersion as preconditions.
func (s *Server) patch(r *http.Request, old Object) (int, any) {
	change := body(r)
	m, _ := change["metadata"].(map[string]any)
	for _, field := range []string{"uid", "resourceVersion"} {
		if v, ok := m[field]; ok && v != meta(old)[field] {
			return fault(409, "Conflict", "the object has been modified: "+field)
		}
	}
	o := clone(old)
	merge(o, change)
	if !equal(o, old) {
		s.put(o, "MODIFIED")
	}
	answer := shape(r, clone(s.objects[Key(resourceOf(o), text(o, "metadata", "namespace"), text(o, "metadata", "name"))]))
	s.settle()
	return 200, answer
}

func merge(o, change Object) {
	for k, v := range change {
		m, ok := v.(map[string]any)
		switch {
		case v == nil:
			delete(o, k)
		case ok:
			into, _ := o[k].(map[string]any)
			if into == nil {
				into = Object{}
				o[k] = into
			}
			merge(into, m)
		default:
			o[k] = v
		}
	}
}

func (s *Server) remove(r *http.Request, o Object) (int, any) {
	options := body(r)
	if uid := text(options, "preconditions", "uid"); uid != "" && uid != text(o, "metadata", "uid") {
		return fault(409, "Conflict", "the uid in the precondition does not match")
	}
	s.delete(o, orBackground(text(options, "propagationPolicy")))
	s.settle()
	return 200, Object{"kind": "Status", "apiVersion": "v1", "status": "Success"}
}

func orBackground(p string) string {
	if p == "" {
		return "Background"
	}
	return p
}
