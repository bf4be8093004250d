package login

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// backend stands in for Vault, STS, Secrets Manager and Akeyless. ESO reaches it as its
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
	case "": // no proxy
		b.akeyless(w, r, body)
	default:
		b.note("unexpected host %s", host)
		http.Error(w, "no such host", http.StatusBadGateway)
	}
}

// reply answers in JSON.
func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (b *backend) akeyless(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct {
		ID    string `json:"access-id"`
		Type  string `json:"access-type"`
		Key   string `json:"access-key"`
		Name  string
		Names []string
	}
	_ = json.Unmarshal(body, &in)
	switch path.Base(r.URL.Path) { // ESO may put /v2 before it
	case "auth":
		b.note("akeyless logs in as %s, %s %s", in.ID, in.Type, in.Key)
		reply(w, map[string]string{"token": "t"})
	case "describe-item":
		reply(w, map[string]string{"item_name": in.Name, "item_type": "STATIC_SECRET"})
	case "get-secret-value":
		b.note("akeyless reads %s", strings.Join(in.Names, " "))
		values := map[string]string{}
		for _, n := range in.Names {
			values[n] = n
		}
		reply(w, values)
	default: // ESO looks whether anybody is there
		http.Error(w, "{}", http.StatusNotFound)
	}
}

func (b *backend) vault(w http.ResponseWriter, r *http.Request, body []byte) {
	key, namespace := strings.TrimPrefix(r.URL.Path, "/v1/"), r.Header.Get("X-Vault-Namespace")
	switch {
	case strings.HasSuffix(key, "/login"):
		var in struct{ Role, JWT string }
		_ = json.Unmarshal(body, &in)
		b.note("vault %s at %s in %q as %s", in.Role, key, namespace, subject(in.JWT))
		reply(w, map[string]any{"auth": map[string]any{"client_token": "of " + in.Role, "lease_duration": 3600, "renewable": true}})
	case strings.HasPrefix(key, "auth/token/"):
		reply(w, map[string]any{"data": map[string]any{"ttl": 3600, "type": "service", "expire_time": "2099-01-01T00:00:00Z"}})
	case strings.HasPrefix(key, "secret/data/"):
		b.note("vault reads %s in %q with token %s", key, namespace, r.Header.Get("X-Vault-Token"))
		reply(w, map[string]any{"data": map[string]any{"data": map[string]any{"value": key}, "metadata": map[string]any{"version": 1}}})
	default:
		b.note("vault %s %s", r.Method, key)
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
