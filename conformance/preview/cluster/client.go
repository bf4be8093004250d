package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client speaks JSON to an API server. It is no client-go, so that a test
// decides on every request: a PUT without a resourceVersion, a watch as an old
// controller opens it.
type Client struct {
	// URL is the server's, without a slash at the end.
	URL, Token string
	http       *http.Client
}

// NewClient trusts any certificate: the server is the test's own.
func NewClient(url, token string) *Client {
	return &Client{URL: url, Token: token, http: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true,
	}}}
}

// Error is an answer of 300 and above.
type Error struct {
	Method, Path string
	Code         int
	Body         string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s %s: %d: %s", e.Method, e.Path, e.Code, e.Body)
}

// Code is the status code of an Error, 0 for any other error and for nil.
func Code(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// Content types of patches.
const (
	Merge = "application/merge-patch+json"
	Apply = "application/apply-patch+yaml"
)

// Do sends in, as JSON unless it is []byte, and decodes the answer into out,
// unless that is nil.
func (c *Client) Do(ctx context.Context, method, path, contentType string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	resp, err := c.send(ctx, method, path, contentType, in)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if resp.StatusCode >= 300 {
		return &Error{Method: method, Path: path, Code: resp.StatusCode, Body: string(data[:min(600, len(data))])}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path, contentType string, in any) (*http.Response, error) {
	body, ok := in.([]byte)
	if !ok && in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if contentType == "" {
		contentType = "application/json"
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.Token)
	return c.http.Do(req)
}

// Get reads an object or a list.
func (c *Client) Get(ctx context.Context, path string, out any) error {
	return c.Do(ctx, http.MethodGet, path, "", nil, out)
}

// Apply is a server-side apply that takes every field.
func (c *Client) Apply(ctx context.Context, path string, object any) error {
	return c.Do(ctx, http.MethodPatch, path+"?fieldManager=test&force=true", Apply, object, nil)
}

// Delete deletes with a propagation: Foreground, Background or Orphan.
func (c *Client) Delete(ctx context.Context, path, propagation string) error {
	return c.Do(ctx, http.MethodDelete, path, "", map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}, nil)
}

// Event is one of a watch.
type Event struct {
	Type   string
	Object json.RawMessage
}

// Watch opens a watch of path, which is a collection's with or without a query,
// and calls f for each event until the server or ctx ends it, or f fails.
// opened, if not nil, is called when the server has accepted it.
func (c *Client) Watch(ctx context.Context, path string, opened func(), f func(Event) error) error {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	resp, err := c.send(ctx, http.MethodGet, path+mark+"watch=1", "", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		data, _ := io.ReadAll(resp.Body)
		return &Error{Method: "WATCH", Path: path, Code: resp.StatusCode, Body: string(data)}
	}
	if opened != nil {
		opened()
	}
	for dec := json.NewDecoder(resp.Body); ; {
		var e Event
		if err := dec.Decode(&e); err != nil {
			if ctx.Err() != nil || errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("watch %s: %w", path, err)
		}
		if err := f(e); err != nil {
			return err
		}
	}
}
