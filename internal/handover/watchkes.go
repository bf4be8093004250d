package handover

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// watchKES knows which KES runs, as of a moment ago.
type watchKES struct {
	c     *Client
	named []string

	mu    sync.Mutex
	list  []Controller
	at    time.Time
	whole time.Time // when the whole cluster was searched
}

// How old an answer may be: of the Deployments that are known, and of the
// search of the whole cluster, which is a list of all its pods.
const (
	freshController = 2 * time.Second
	freshCluster    = 5 * time.Minute
)

func newWatchKES(c *Client, named []string, list []Controller) *watchKES {
	now := time.Now()
	return &watchKES{c: c, named: named, list: list, at: now, whole: now}
}

// now is every KES that runs or may be started.
func (w *watchKES) now(ctx context.Context) ([]Controller, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.at) < freshController {
		return w.list, nil
	}
	named := w.named
	if len(named) == 0 && time.Since(w.whole) < freshCluster {
		// Between two searches, the Deployments that the last one found. Others
		// count with what it found.
		named = deploymentsOf(w.list)
		if len(named) == 0 {
			return w.list, nil
		}
	}
	list, err := w.c.controllers(ctx, named)
	if gone := (*NoKESError)(nil); errors.As(err, &gone) && len(w.named) == 0 {
		named = nil
		list, err = w.c.controllers(ctx, nil)
	}
	if err != nil {
		return nil, err
	}
	w.at = time.Now()
	if len(named) == 0 || len(w.named) > 0 {
		w.list, w.whole = list, w.at
		return list, nil
	}
	for _, c := range w.list {
		if c.Kind != "Deployment" && !slices.ContainsFunc(list, func(o Controller) bool { return o.uid == c.uid }) && !isPodOf(&c, list) {
			list = append(list, c)
		}
	}
	w.list = list
	return list, nil
}

// isPodOf reports a pod in a namespace in which the Deployments' pods were
// just read: it is gone.
func isPodOf(c *Controller, list []Controller) bool {
	return c.Kind == "Pod" && slices.ContainsFunc(list, func(o Controller) bool { return o.Kind == "Deployment" && o.Namespace == c.Namespace })
}
