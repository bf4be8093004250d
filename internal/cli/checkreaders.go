package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"kesbridge/internal/config"
	"kesbridge/internal/cutover"
	"kesbridge/internal/manifest"
)

// sought is a Secret whose readers are asked for.
type sought struct {
	by      *checked
	one     *cutover.Resource
	cluster string
}

// asked are the resources with two names: their first Secret is to go.
func (c *checking) asked() (out []sought) {
	for _, r := range c.results {
		for i := range r.resources {
			if one := &r.resources[i]; config.TwoNames(one.Mode) {
				out = append(out, sought{r, one, c.clusterKey(r.app.Cluster, r.candidate.App)})
			}
		}
	}
	return out
}

// readers finds who reads the Secrets that are to go: in the same app, and in
// every other one of the same cluster. Those are rendered once more; few
// repositories have such Secrets, and none of a thousand apps keeps its output.
func (c *checking) readers(ctx context.Context) error {
	wanted := c.asked()
	if len(wanted) == 0 {
		return nil
	}
	var names []string
	for _, s := range wanted {
		names = append(names, s.one.KES.Secret)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	clusters, own := map[string]bool{}, map[string]bool{}
	for _, s := range wanted {
		clusters[s.cluster], own[s.by.app.ID] = s.cluster != "", true
	}
	var jobs []job
	for _, j := range c.done {
		if own[j.id] || clusters[c.clusterKey(j.cluster, j.candidate.App)] {
			jobs = append(jobs, j)
		}
	}
	found, failed, err := c.readersIn(ctx, jobs, names)
	if err != nil {
		return err
	}
	for _, s := range wanted {
		s.one.Asked = true
		var unseen []string
		for i, j := range jobs {
			own := s.by.app.ID == j.id
			if !own && !c.together(s, j) {
				continue
			}
			if failed[i] && (own || j.namespace() == "" || j.namespace() == s.one.KES.Ref.Namespace) {
				unseen = append(unseen, j.id)
				s.one.Asked = s.one.Asked && !own
			}
			for _, reader := range found[i].Of(&s.one.KES) {
				if own {
					reader.App = ""
				}
				s.one.Readers = append(s.one.Readers, reader)
			}
		}
		if len(unseen) > 0 {
			s.one.Unseen = "apps that can't be rendered here don't read it: " + strings.Join(unseen, ", ")
		}
		c.late(s.by, s.one.ReadersFindings()...)
	}
	return nil
}

// together: both are known to be on one cluster.
func (c *checking) together(s sought, j job) bool {
	return s.cluster != "" && s.cluster == c.clusterKey(j.cluster, j.candidate.App)
}

// namespace is the destination's.
func (j *job) namespace() string {
	if j.candidate.App == nil {
		return ""
	}
	return j.candidate.App.Spec.Destination.Namespace
}

// readersIn renders apps for who reads Secrets of some names in them.
func (c *checking) readersIn(ctx context.Context, jobs []job, names []string) (found []cutover.Readers, failed []bool, err error) {
	found, failed = make([]cutover.Readers, len(jobs)), make([]bool, len(jobs))
	count, done := c.app.count("apps asked who reads Secrets", len(jobs))
	defer done()
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				found[i] = cutover.Readers{}
				failed[i] = c.readersOf(ctx, jobs[i], names, found[i]) != nil
				count()
			}
		})
	}
	for i := range jobs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, nil, fmt.Errorf("check: %w", err)
	}
	return found, failed, nil
}

// readersOf renders one app. What is wrong with it was said before.
func (c *checking) readersOf(ctx context.Context, j job, names []string, into cutover.Readers) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("this is a defect of kesbridge: %v", p)
		}
	}()
	o := c.o
	o.cluster, o.allowEmpty, o.verbose = j.cluster, true, false
	rs, err := c.renderings(o, j.candidate)
	if err != nil {
		return err
	}
	helm, cleanup, err := c.app.helmCommand(rs)
	if err != nil {
		return err
	}
	defer cleanup()
	for i := range rs {
		rs[i].source.Kustomize.HelmCommand = helm
		if err := c.readersOfSource(ctx, o, j, &rs[i], names, into); err != nil {
			return err
		}
	}
	return nil
}

func (c *checking) readersOfSource(ctx context.Context, o options, j job, r *rendering, names []string, into cutover.Readers) error {
	output, err := c.app.renderSource(ctx, r)
	if err != nil {
		return err
	}
	result := &renderResult{}
	defer result.close()
	if err := c.app.planOutput(ctx, newRun(options{verbose: true, failOn: manifest.Info}), r, output, o, result); err != nil {
		return err
	}
	var more []config.ReferenceRule
	if r.options.Settings != nil {
		more = r.options.Settings.References
	}
	for _, p := range result.plans {
		var text bytes.Buffer
		if _, err := p.WriteTo(&text); err != nil {
			return err
		}
		t := &manifest.Transformer{Visit: func(*manifest.Object) (manifest.Result, error) { return manifest.Result{}, nil }}
		plan, err := t.Plan(ctx, manifest.Input{Name: j.id, R: bytes.NewReader(text.Bytes())})
		if err != nil {
			return err
		}
		var broken error
		err = plan.Find(ctx, names, cutover.ReferenceGroups(more), func(obj *manifest.Object) {
			var m map[string]any
			if err := obj.Node.Decode(&m); err != nil {
				broken = err
				return
			}
			into.AddObject(m, j.namespace(), j.id, more)
		})
		plan.Close()
		if err := errors.Join(err, broken); err != nil {
			return err
		}
	}
	return nil
}
