package cli

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strconv"
)

// allowNetwork is the administrator's word, never an app author's: Argo CD
// gives authors only variables that begin with ARGOCD_ENV_ and PARAM_.
const allowNetwork = "KESBRIDGE_ALLOW_NETWORK"

// guard keeps libraries from doing what nobody asked of them: Helm logs
// through slog, and Helm and kustomize would fetch through net/http. What may
// use the network refuses by itself first; this is the second line.
func (a *app) guard() error {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	if v := a.env[allowNetwork]; v != "" {
		allowed, err := strconv.ParseBool(v)
		if err != nil {
			return &usageError{"kesbridge", fmt.Errorf("%s %q is neither true nor false", allowNetwork, v)}
		}
		a.network = allowed
	}
	if !a.network {
		http.DefaultTransport = refusingTransport{}
	}
	return nil
}

// silence keeps libraries from writing to standard error themselves, as
// kustomize does about deprecated fields: Argo CD shows its first line for
// what went wrong.
func silence() (restore func()) {
	none, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {} // it is only about looks
	}
	before := os.Stderr
	os.Stderr = none
	return func() {
		os.Stderr = before
		none.Close()
	}
}

type refusingTransport struct{}

func (refusingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("network not allowed: %s", r.URL.Redacted())
}
