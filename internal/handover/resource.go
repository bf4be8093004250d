package handover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// resource is a kind of object as the API's paths name it.
type resource struct{ group, version, plural string }

func (r resource) path(namespace, name string) string {
	p := "/apis/" + r.group + "/" + r.version
	if r.group == "" {
		p = "/api/" + r.version
	}
	if namespace != "" {
		p += "/namespaces/" + url.PathEscape(namespace)
	}
	p += "/" + r.plural
	if name != "" {
		p += "/" + url.PathEscape(name)
	}
	return p
}

func (r resource) String() string {
	if r.group == "" {
		return r.plural
	}
	return r.plural + "." + r.group
}

// RequestError is a request that the API server refused or that failed.
type RequestError struct {
	// Verb is that of RBAC; Namespace and Name are empty for lists.
	Verb, Resource, Namespace, Name string
	Err                             error
}

func (e *RequestError) Error() string {
	what := e.Resource
	if e.Name != "" {
		what += " " + strings.TrimPrefix(e.Namespace+"/"+e.Name, "/")
	} else if e.Namespace != "" {
		what += " in " + e.Namespace
	}
	return fmt.Sprintf("%s %s: %v", e.Verb, what, e.Err)
}

func (e *RequestError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *RequestError) Hint() string {
	switch {
	case apierrors.IsForbidden(e.Err):
		return "kesbridge cutover rbac prints the roles that are needed"
	case apierrors.IsUnauthorized(e.Err):
		return "log in to the cluster again"
	}
	return ""
}

// NoESOError says that ESO's resources are not served.
type NoESOError struct{ Server string }

func (e *NoESOError) Error() string {
	return "the cluster serves no external-secrets.io ExternalSecrets that kesbridge knows (v1, v1beta1)"
}

// Hint says what to do.
func (e *NoESOError) Hint() string {
	return "install External Secrets Operator, or choose another cluster with --context"
}

// esoVersion is the newest version of ESO's API that is served and known:
// v1 since ESO 0.16, v1beta1 before (facts of the CRDs of each release).
func (c *Client) esoVersion(ctx context.Context) (string, error) {
	if v := c.eso.Load(); v != nil {
		return *v, nil
	}
	var group struct {
		Versions []struct {
			Version string `json:"version"`
		} `json:"versions"`
	}
	data, err := c.send(ctx, c.rest.Get().AbsPath("/apis/external-secrets.io"))
	if apierrors.IsNotFound(err) {
		return "", &NoESOError{c.Server}
	}
	if err == nil {
		err = json.Unmarshal(data, &group)
	}
	if err != nil {
		return "", &RequestError{"get", "the API versions of external-secrets.io", "", "", err}
	}
	best := ""
	for _, v := range group.Versions {
		if v.Version == "v1" || v.Version == "v1beta1" && best == "" {
			// ESO 0.16 serves both; its v1 is what newer kinds of stores are in.
			best = v.Version
		}
	}
	if best == "" {
		return "", &NoESOError{c.Server}
	}
	c.eso.Store(&best)
	return best, nil
}

func (c *Client) esoResource(ctx context.Context, plural string) (resource, error) {
	v, err := c.esoVersion(ctx)
	return resource{"external-secrets.io", v, plural}, err
}

// missing reports whether an error says that the kind itself isn't served, or
// forbidden that we may not ask.
func missing(err error) bool { return apierrors.IsNotFound(err) }

func forbidden(err error) bool { return apierrors.IsForbidden(err) }

func exists(err error) bool { return apierrors.IsAlreadyExists(err) }

func conflict(err error) bool { return apierrors.IsConflict(err) }

// passing reports whether a request may succeed when it is sent again.
func passing(err error) bool {
	if apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err) {
		return true
	}
	var status apierrors.APIStatus
	return !errors.As(err, &status) && !errors.Is(err, context.Canceled)
}
