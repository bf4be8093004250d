//go:build linux

package cmp

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	cmputil "github.com/argoproj/argo-cd/v3/util/cmp"
)

// TestDeadline: the caller's time runs while the repository is sent, too. A
// call that waits in vain after a slow transfer must still hear why before its
// caller's deadline, not be cut off at it.
func TestDeadline(t *testing.T) {
	const (
		timeout  = 12 * time.Second
		transfer = 6 * time.Second
	)
	for _, s := range builds.servers {
		t.Run(s.Version, func(t *testing.T) {
			t.Parallel()
			sc := start(t, s, []string{"KESBRIDGE_PARALLEL=1", "KESBRIDGE_TIMEOUT=" + timeout.String()})
			root := checkout(t, "shop")
			app := application(t, "apps/dir", plugin("[{name: mode, string: keep}]", ""))
			// So that a run seems to be short, and waiting worth while.
			if _, err := sc.send(t.Context(), root, app, root); err != nil {
				t.Fatal(err)
			}

			busy, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				sc.send(busy, root, application(t, "apps/slow", plugin("[{name: mode, string: keep}]", "")), root)
			}()
			defer func() { cancel(); <-done }()
			until(t, "the slot to be taken", func() bool { return len(list(t, filepath.Join(sc.work(), "scratch"))) > 0 })

			begin := time.Now()
			ctx, stop := context.WithTimeout(t.Context(), timeout)
			defer stop()
			err := sc.sendSlowly(ctx, root, app, transfer)
			took := time.Since(begin)
			if took < transfer || err == nil || !strings.Contains(err.Error(), ": wait for a slot: gave up after ") {
				t.Errorf("after %s the caller was told %v", took, err)
			}
		})
	}
}

// sendSlowly is send for a repository whose transfer takes that long.
func (s *sidecar) sendSlowly(ctx context.Context, root string, app *v1alpha1.Application, transfer time.Duration) error {
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(s.socket()).NewConfigManagementPluginClient()
	if err != nil {
		return err
	}
	defer closer.Close()
	stream, err := client.GenerateManifest(ctx)
	if err != nil {
		return err
	}
	if err := cmputil.SendRepoStream(ctx, filepath.Join(root, app.Spec.Source.Path), root, &slowly{stream, transfer}, s.environment(app), nil); err != nil {
		return err
	}
	_, err = stream.CloseAndRecv()
	return err
}

// slowly takes its time before the first part of the files.
type slowly struct {
	to       cmputil.StreamSender
	transfer time.Duration
}

func (s *slowly) Send(r *apiclient.AppStreamRequest) error {
	if r.GetFile() != nil {
		time.Sleep(s.transfer)
		s.transfer = 0
	}
	return s.to.Send(r)
}
