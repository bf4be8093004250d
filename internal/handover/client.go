package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Connection says which cluster, as kubectl's flags do.
type Connection struct {
	// Kubeconfig is the file of --kubeconfig. Without it Files are merged, as
	// kubectl merges those of $KUBECONFIG, or ~/.kube/config.
	Kubeconfig string
	Files      []string
	Context    string
	Namespace  string
	UserAgent  string
}

// Client reads and writes one cluster and counts its requests.
type Client struct {
	rest *rest.RESTClient
	// Server is the API server's address, Context the kubeconfig's, User the
	// kubeconfig's name of the user. Namespace is where NAMEs are looked up.
	Server, Context, User, Namespace string

	requests atomic.Int64
	// skew is how far the server's clock is ahead of ours, by its Date header.
	skew atomic.Int64
	eso  atomic.Pointer[string]
	up   atomic.Bool // it answered once
}

// ConnectError says that no cluster can be reached with what was given.
type ConnectError struct {
	Context string
	Err     error
}

func (e *ConnectError) Error() string {
	if e.Context != "" {
		return fmt.Sprintf("connect to the cluster of context %s: %v", e.Context, e.Err)
	}
	return fmt.Sprintf("connect to the cluster: %v", e.Err)
}

func (e *ConnectError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *ConnectError) Hint() string {
	return "give --kubeconfig or --context, or set KUBECONFIG; kubectl get --raw /version with the same flags should work"
}

// Connect reads the kubeconfig; nothing is sent yet.
func Connect(c Connection) (*Client, error) {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: c.Kubeconfig, Precedence: c.Files}
	overrides := &clientcmd.ConfigOverrides{CurrentContext: c.Context}
	overrides.Context.Namespace = c.Namespace
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
	cfg, err := loader.ClientConfig()
	if err != nil {
		return nil, &ConnectError{c.Context, err}
	}
	out := &Client{Server: cfg.Host, Context: c.Context}
	if raw, err := loader.RawConfig(); err == nil {
		if out.Context == "" {
			out.Context = raw.CurrentContext
		}
		if x := raw.Contexts[out.Context]; x != nil {
			out.User = x.AuthInfo
		}
	}
	if out.Namespace, _, err = loader.Namespace(); err != nil {
		return nil, &ConnectError{c.Context, err}
	}
	cfg.UserAgent = c.UserAgent
	return out, out.open(cfg)
}

// DefaultFiles are the kubeconfig files that kubectl would merge.
func DefaultFiles(kubeconfig, home string) []string {
	if kubeconfig != "" {
		return filepath.SplitList(kubeconfig)
	}
	if home == "" {
		return nil
	}
	return []string{filepath.Join(home, clientcmd.RecommendedHomeDir, clientcmd.RecommendedFileName)}
}

func (c *Client) open(cfg *rest.Config) error {
	cfg = rest.CopyConfig(cfg)
	// The API server's own fairness bounds us, and its Retry-After is obeyed.
	cfg.QPS = -1
	cfg.WarningHandler = rest.NoWarnings{}
	cfg.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	cfg.GroupVersion = &schema.GroupVersion{Version: "v1"}
	cfg.APIPath = "/api"
	cfg.AcceptContentTypes, cfg.ContentType = "application/json", "application/json"
	if cfg.Proxy == nil && cfg.Transport == nil {
		// As by default, but it makes client-go build a transport of its own:
		// http.DefaultTransport refuses, for all that renders.
		cfg.Proxy = http.ProxyFromEnvironment
	}
	cfg.Wrap(func(rt http.RoundTripper) http.RoundTripper { return &counter{client: c, next: rt} })
	hc, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return &ConnectError{c.Context, err}
	}
	if c.rest, err = rest.RESTClientForConfigAndClient(cfg, hc); err != nil {
		return &ConnectError{c.Context, err}
	}
	return nil
}

// counter counts requests as they leave, retries among them.
type counter struct {
	client *Client
	next   http.RoundTripper
}

type tallyKey struct{}

// tally makes a context whose requests n counts too.
func tally(ctx context.Context, n *atomic.Int64) context.Context {
	return context.WithValue(ctx, tallyKey{}, n)
}

func (t *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	t.client.requests.Add(1)
	if n, ok := r.Context().Value(tallyKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			t.client.skew.Store(int64(time.Until(at)))
		}
	}
	return resp, err
}

// Requests is how many were sent.
func (c *Client) Requests() int64 { return c.requests.Load() }

// now is the time by the API server's clock, to the second.
func (c *Client) now() time.Time { return time.Now().Add(time.Duration(c.skew.Load())) }

var (
	kesObjects = resource{"kubernetes-client.io", "v1", "externalsecrets"}
	secrets    = resource{"", "v1", "secrets"}
	pods       = resource{"", "v1", "pods"}
	configMaps = resource{"", "v1", "configmaps"}
	accounts   = resource{"", "v1", "serviceaccounts"}
	ingresses  = resource{"networking.k8s.io", "v1", "ingresses"}
	deploys    = resource{"apps", "v1", "deployments"}
	stateful   = resource{"apps", "v1", "statefulsets"}
	daemons    = resource{"apps", "v1", "daemonsets"}
	jobs       = resource{"batch", "v1", "jobs"}
	cronJobs   = resource{"batch", "v1", "cronjobs"}
	apps       = resource{"argoproj.io", "v1alpha1", "applications"}
)

// metaOnly asks for PartialObjectMetadata, so that no value of a Secret is
// sent to us.
const (
	metaOnly     = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
	metaOnlyList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
)

// send sends a request that may be sent twice: nothing that kesbridge writes is
// other the second time, since uid and resourceVersion are held. An API server
// that answered before is waited for.
func (c *Client) send(ctx context.Context, req *rest.Request) ([]byte, error) {
	for wait := 100 * time.Millisecond; ; wait *= 3 {
		data, err := do(ctx, req)
		if err == nil {
			c.up.Store(true)
		}
		if err == nil || ctx.Err() != nil || !c.up.Load() || !passing(err) || wait > 5*time.Second {
			return data, err
		}
		if !sleep(ctx, wait) {
			return nil, err
		}
	}
}

// do sends a request once. The error says what the API server said.
func do(ctx context.Context, req *rest.Request) ([]byte, error) {
	res := req.Do(ctx)
	if err := res.Error(); err != nil {
		return nil, err
	}
	return res.Raw()
}

// get reads an object; found is false where the API server has none.
func (c *Client) get(ctx context.Context, r resource, namespace, name, accept string, out any) (found bool, err error) {
	req := c.rest.Get().AbsPath(r.path(namespace, name))
	if accept != "" {
		req = req.SetHeader("Accept", accept)
	}
	data, err := c.send(ctx, req)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return false, &RequestError{"get", r.String(), namespace, name, err}
	}
	return true, nil
}

// page is how many objects are asked for at once.
const page = 500

// list reads all objects in pages; namespace "" is all of them. A list that
// expires in the middle begins again, so that each may be called twice for an
// object: reset is called before.
func (c *Client) list(ctx context.Context, r resource, namespace, selector, accept string, reset func(), each func(json.RawMessage) error) error {
	fail := func(err error) error { return &RequestError{"list", r.String(), namespace, "", err} }
	next, again := "", 0
	reset()
	for {
		req := c.rest.Get().AbsPath(r.path(namespace, "")).Param("limit", strconv.Itoa(page))
		if accept != "" {
			req = req.SetHeader("Accept", accept)
		}
		if selector != "" {
			req = req.Param("labelSelector", selector)
		}
		if next != "" {
			req = req.Param("continue", next)
		}
		data, err := c.send(ctx, req)
		if next != "" && (apierrors.IsResourceExpired(err) || apierrors.IsGone(err)) && again < 3 {
			next = ""
			again++
			reset()
			continue
		}
		if err != nil {
			return fail(err)
		}
		var l struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []json.RawMessage `json:"items"`
		}
		if err := json.Unmarshal(data, &l); err != nil {
			return fail(err)
		}
		for _, item := range l.Items {
			if err := each(item); err != nil {
				return fail(err)
			}
		}
		if next = l.Metadata.Continue; next == "" {
			return nil
		}
	}
}

// listOf reads all objects of a kind into a slice.
func listOf[T any](ctx context.Context, c *Client, r resource, namespace, selector, accept string) ([]T, error) {
	var out []T
	err := c.list(ctx, r, namespace, selector, accept, func() { out = out[:0] }, func(raw json.RawMessage) error {
		var v T
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// patch sends a JSON merge patch; a stale resourceVersion or another uid in it
// is a conflict.
func (c *Client) patch(ctx context.Context, r resource, namespace, name string, body any, accept string, out any) error {
	data, err := json.Marshal(body)
	if err == nil {
		req := c.rest.Patch(types.MergePatchType).AbsPath(r.path(namespace, name)).Param("fieldManager", "kesbridge").Body(data)
		if accept != "" {
			req = req.SetHeader("Accept", accept)
		}
		data, err = c.send(ctx, req)
	}
	if err == nil && out != nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return &RequestError{"patch", r.String(), namespace, name, err}
	}
	return nil
}

// create makes an object. Where the first answer was lost it says that the
// object is there already.
func (c *Client) create(ctx context.Context, r resource, namespace string, body any, out any) error {
	data, err := json.Marshal(body)
	if err == nil {
		data, err = c.send(ctx, c.rest.Post().AbsPath(r.path(namespace, "")).Param("fieldManager", "kesbridge").Body(data))
	}
	if err == nil && out != nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return &RequestError{"create", r.String(), namespace, "", err}
	}
	return nil
}

// remove deletes the object with that uid, with a propagation. One that is
// gone is no error.
func (c *Client) remove(ctx context.Context, r resource, namespace, name, uid, propagation string) error {
	body := map[string]any{"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation, "preconditions": map[string]any{"uid": uid}}
	data, err := json.Marshal(body)
	if err == nil {
		_, err = c.send(ctx, c.rest.Delete().AbsPath(r.path(namespace, name)).Body(data))
	}
	if err == nil || apierrors.IsNotFound(err) {
		return nil
	}
	return &RequestError{"delete", r.String(), namespace, name, err}
}
