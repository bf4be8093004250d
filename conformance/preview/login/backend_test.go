package login

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// backend stands in for Vault, STS and Secrets Manager. ESO reaches it as its
// HTTP proxy, since a Vault on this machine is one that kesbridge takes for one
// in KES's pod. Each value is the name of its key, so that what arrives tells
// what was read.
type backend struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]bool
}

func newBackend() *backend {
	b := &backend{asked: map[string]bool{}}
	b.Server = httptest.NewServer(b)
	return b
}

func (b *backend) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked[fmt.Sprintf(format, args...)] = true
}

// saw: all that was expected was asked.
func (b *backend) saw(want []string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range want {
		if !b.asked[w] {
			return fmt.Errorf("nobody asked %s, but %q", w, slices.Sorted(maps.Keys(b.asked)))
		}
	}
	return nil
}

// beyond is what was asked and is expected in no case.
func (b *backend) beyond() (extra []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for asked := range b.asked {
		if !slices.ContainsFunc(cases, func(c repository) bool { return slices.Contains(c.asked, asked) }) {
			extra = append(extra, asked)
		}
	}
	slices.Sort(extra)
	return extra
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	switch host := r.URL.Hostname(); host {
	case "vault.example.com":
		b.vault(w, r, body)
	case "aws.example.com":
		b.aws(w, r, body)
	default:
		b.note("unexpected host %s", host)
		http.Error(w, "no such host", http.StatusBadGateway)
	}
}

func (b *backend) vault(w http.ResponseWriter, r *http.Request, body []byte) {
	path, namespace := strings.TrimPrefix(r.URL.Path, "/v1/"), r.Header.Get("X-Vault-Namespace")
	answer := func(v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	switch {
	case strings.HasSuffix(path, "/login"):
		var in struct{ Role, JWT string }
		_ = json.Unmarshal(body, &in)
		b.note("vault %s at %s in %q as %s", in.Role, path, namespace, subject(in.JWT))
		answer(map[string]any{"auth": map[string]any{"client_token": "of " + in.Role, "lease_duration": 3600, "renewable": true}})
	case strings.HasPrefix(path, "auth/token/"):
		answer(map[string]any{"data": map[string]any{"ttl": 3600, "type": "service", "expire_time": "2099-01-01T00:00:00Z"}})
	case strings.HasPrefix(path, "secret/data/"):
		b.note("vault reads %s in %q with token %s", path, namespace, r.Header.Get("X-Vault-Token"))
		answer(map[string]any{"data": map[string]any{"data": map[string]any{"value": path}, "metadata": map[string]any{"version": 1}}})
	default:
		b.note("vault %s %s", r.Method, path)
		http.Error(w, `{"errors":[]}`, http.StatusNotFound)
	}
}

var credential = regexp.MustCompile(`Credential=([^/]+)/[^/]+/([^/]+)/`)

// aws gives each role an access key that is its name.
func (b *backend) aws(w http.ResponseWriter, r *http.Request, body []byte) {
	as, region := "nobody", ""
	if m := credential.FindStringSubmatch(r.Header.Get("Authorization")); m != nil {
		as, region = m[1], m[2]
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		var in struct{ SecretId string }
		_ = json.Unmarshal(body, &in)
		b.note("%s %s in %s as %s", target, in.SecretId, region, as)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]any{"Name": in.SecretId, "SecretString": in.SecretId, "VersionId": "11111111-2222-3333-4444-555555555555", "VersionStages": []string{"AWSCURRENT"}})
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	action, role := r.PostForm.Get("Action"), r.PostForm.Get("RoleArn")
	if token := r.PostForm.Get("WebIdentityToken"); token != "" {
		as = subject(token)
	}
	b.note("%s %s as %s", action, role, as)
	name := role[strings.LastIndexByte(role, '/')+1:]
	w.Header().Set("Content-Type", "text/xml")
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>%[2]s</AccessKeyId>`+
		`<SecretAccessKey>x</SecretAccessKey><SessionToken>x</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action, name)
}

// subject is who a service account's token is for.
func subject(jwt string) string {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return "no token"
	}
	data, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return err.Error()
	}
	var claims struct{ Sub string }
	_ = json.Unmarshal(data, &claims)
	return claims.Sub
}
