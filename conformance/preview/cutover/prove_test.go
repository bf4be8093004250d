package cutover

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"kesbridge/conformance/preview/cluster"
)

const kesDeployment = "/apis/apps/v1/namespaces/kes/deployments/kes"

// TestProve hands Secrets over whose ESO objects don't tell their keys, after
// ESO wrote a second Secret, with a KES that cutover run scales away and back.
func TestProve(t *testing.T) {
	for _, r := range releases {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, r, 1, 3, poll)
			secrets := f.applyKES()
			f.both(len(secrets))
			f.unclear()
			if r := f.run(nil, "run", "-A", "--scale-kes"); r.code != 1 || !strings.Contains(r.err, "can't be told") {
				t.Errorf("keys that nobody knows: exit %d\n%s", r.code, tail(r.err))
			}
			w := f.watch(secrets)
			stop := f.scaler()
			f.ok("run", "-A", "--yes", "--prove", "--scale-kes", "--journal", f.journal)
			stop()
			w.check("handed over", esoAlone, func(ns, name string) error { return f.absent(f.kesPath(ns, name)) })
			f.all(func(ns, name string, _ int) {
				for _, path := range []string{f.esoPath(ns, name+"-kesbridge-proof"), cluster.Namespaced("v1", ns, "secrets", name+"-kesbridge-proof")} {
					f.until("no "+path, func() error { return f.absent(path) })
				}
			})
			var d struct{ Spec struct{ Replicas int } }
			if f.must(f.Get(t.Context(), kesDeployment, &d)); d.Spec.Replicas != 1 {
				t.Errorf("KES has %d replicas", d.Spec.Replicas)
			}
		})
	}
}

// unclear gives every ESO object a template from which its keys can't be told,
// with the keys that it had.
func (f *fleet) unclear() {
	f.t.Helper()
	f.send(func(ns, name string, i int) error {
		literal := "{{ range $k, $v := . }}{{ $k }}: {{ $v | quote }}\n{{ end }}"
		return f.Do(f.t.Context(), http.MethodPatch, f.esoPath(ns, name), cluster.Merge, m{"spec": m{"target": m{"template": m{
			"engineVersion": "v2", "templateFrom": []m{{"literal": literal, "target": "Data"}},
		}}}}, nil)
	})
}

// scaler does what a Deployment controller and a kubelet would: the stand-in
// runs while the Deployment wants it.
func (f *fleet) scaler() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		running := true
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
			}
			var d struct{ Spec struct{ Replicas int } }
			if err := f.Get(f.t.Context(), kesDeployment, &d); err != nil {
				f.t.Error(err)
				return
			}
			switch {
			case running && d.Spec.Replicas == 0:
				f.kes.Stop()
				if err := f.Do(f.t.Context(), http.MethodDelete, "/api/v1/namespaces/kes/pods/kes-1?gracePeriodSeconds=0", "", nil, nil); err != nil {
					f.t.Error(err)
				}
				running = false
			case !running && d.Spec.Replicas > 0:
				f.kes.Start(f.settings)
				running = true
			}
		}
	}()
	return func() { close(done); <-ended }
}

var (
	patchCommand    = regexp.MustCompile(`^kubectl patch secret -n (\S+) (\S+) --type merge -p '(.*)'$`)
	annotateCommand = regexp.MustCompile(`^kubectl annotate externalsecrets\.external-secrets\.io -n (\S+) (\S+) --overwrite (\S+)="\$\(date \+%s\)"$`)
	deleteCommand   = regexp.MustCompile(`^kubectl get .* -o yaml > \S+-kes.yaml && kubectl delete externalsecrets\.kubernetes-client\.io -n (\S+) (\S+) --cascade=orphan$`)
)

// kubectl sends what kubectl would for a command of a plan.
func (f *fleet) kubectl(command string) {
	f.t.Helper()
	ctx := f.t.Context()
	if p := patchCommand.FindStringSubmatch(command); p != nil {
		f.must(f.Do(ctx, http.MethodPatch, cluster.Namespaced("v1", p[1], "secrets", p[2]), cluster.Merge, json.RawMessage(p[3]), nil))
	} else if p := annotateCommand.FindStringSubmatch(command); p != nil {
		f.must(f.Do(ctx, http.MethodPatch, f.esoPath(p[1], p[2]), cluster.Merge, m{"metadata": m{"annotations": m{p[3]: fmt.Sprint(time.Now().Unix())}}}, nil))
	} else if p := deleteCommand.FindStringSubmatch(command); p != nil {
		f.must(f.Delete(ctx, f.kesPath(p[1], p[2]), "Orphan"))
	} else {
		f.t.Fatalf("no such command: %s", command)
	}
}

// TestByHand does for each Secret what cutover plan says, command by command,
// waiting for what each check says.
func TestByHand(t *testing.T) {
	for _, r := range releases {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			f := newFleet(t, r, 1, 3, poll)
			secrets := f.applyKES()
			f.both(len(secrets))
			f.freeze(frozen)
			time.Sleep(2 * poll) // one more poll comes
			w := f.watch(secrets)
			var plan struct {
				Waves []struct {
					Secrets []struct {
						Namespace, Name string
						Problems        []struct{ Text string }
						Steps           []struct{ Command, Check string }
					}
				}
			}
			f.must(json.Unmarshal([]byte(f.ok("plan", "-A", "-o", "json").out), &plan))
			n := 0
			for _, wave := range plan.Waves {
				for _, s := range wave.Secrets {
					if len(s.Problems) > 0 || len(s.Steps) != 3 {
						t.Fatalf("%+v", s)
					}
					for _, step := range s.Steps {
						f.kubectl(step.Command)
						if strings.Contains(step.Check, "data-hash") {
							path := cluster.Namespaced("v1", s.Namespace, "secrets", s.Name)
							f.until("ESO's marks", func() error {
								var now cluster.Secret
								if err := f.Get(t.Context(), path, &now); err != nil {
									return err
								}
								return esoAlone(now)
							})
						}
					}
					n++
				}
			}
			if n != len(secrets) {
				t.Errorf("%d of %d Secrets are planned", n, len(secrets))
			}
			for path := range secrets {
				ns, name := strings.Split(path, "/")[4], path[strings.LastIndex(path, "/")+1:]
				f.until("no KES object", func() error { return f.absent(f.kesPath(ns, name)) })
			}
			w.check("handed over", esoAlone, func(ns, name string) error { return f.absent(f.kesPath(ns, name)) })
		})
	}
}
