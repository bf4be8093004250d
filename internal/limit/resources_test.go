package limit

import (
	"fmt"
	"math"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"
)

func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/cgroup/*.txtar")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root, want := fstest.MapFS{}, ""
			for _, f := range a.Files {
				if f.Name == "want" {
					want = strings.TrimSpace(string(f.Data))
				} else {
					root[f.Name] = &fstest.MapFile{Data: f.Data}
				}
			}
			r := read(root, 8)
			if got := fmt.Sprint(r.CPUs, " ", r.Memory); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestSystem(t *testing.T) {
	if r := System(); r.CPUs <= 0 || r.Memory < 0 {
		t.Errorf("%+v", r)
	}
}

func TestPlan(t *testing.T) {
	const mib = 1 << 20
	for _, tt := range []struct {
		name string
		c    Config
		want Plan
	}{
		{"CPUs are rounded up", Config{Resources: Resources{CPUs: 1.5}}, Plan{Slots: 2, By: ByCPU}},
		{"at least one", Config{Resources: Resources{CPUs: 0.1}}, Plan{Slots: 1, By: ByCPU}},
		{"2 CPUs and 1 GiB", Config{Resources: Resources{CPUs: 2, Memory: 1024 * mib}}, Plan{Slots: 2, MaxWaiting: 40, By: ByCPU}},
		{"memory is what's short", Config{Resources: Resources{CPUs: 16, Memory: 512 * mib}}, Plan{Slots: 3, MaxWaiting: 3, By: ByMemory}},
		{"too little for one", Config{Resources: Resources{CPUs: 4, Memory: 64 * mib}}, Plan{Slots: 1, MaxWaiting: 1, By: ByMemory}},
		{"larger runs", Config{Resources: Resources{CPUs: 4, Memory: 1024 * mib}, MemoryPerRun: 400 * mib}, Plan{Slots: 2, MaxWaiting: 6, By: ByMemory}},
		{"settings win", Config{Resources: Resources{CPUs: 4, Memory: 1024 * mib}, Slots: 7, MaxWaiting: 5}, Plan{Slots: 7, MaxWaiting: 5, By: BySetting}},
		{"settings without a limit", Config{Resources: Resources{CPUs: 4}, Slots: 1, MaxWaiting: 3}, Plan{Slots: 1, MaxWaiting: 3, By: BySetting}},
	} {
		got := tt.c.Plan()
		memory := got.MemoryPerRun
		got.MemoryPerRun = 0
		if got != tt.want {
			t.Errorf("%s: %+v", tt.name, got)
		}
		limit := tt.c.Resources.Memory
		if (memory == 0) != (limit == 0) || memory < 0 {
			t.Errorf("%s: memory per run %d", tt.name, memory)
		}
		if waiting := int64(got.MaxWaiting) * DefaultMemoryPerWaiter; limit > 256*mib && memory*int64(got.Slots)+waiting > limit {
			t.Errorf("%s: %d runs of %d and %d waiting need more than %d", tt.name, got.Slots, memory, got.MaxWaiting, limit)
		}
	}
	if p := (Config{}).Plan(); p.Slots < 1 {
		t.Errorf("the zero Config: %+v", p)
	}
}

func TestApplyMemoryLimit(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	if got := (Plan{}).ApplyMemoryLimit(); got != 0 || debug.SetMemoryLimit(-1) != math.MaxInt64 {
		t.Errorf("no limit: %d", got)
	}
	if got := (Plan{MemoryPerRun: 1 << 30}).ApplyMemoryLimit(); got != 1<<30 || debug.SetMemoryLimit(-1) != 1<<30 {
		t.Errorf("set: %d, %d", got, debug.SetMemoryLimit(-1))
	}
	if got := (Plan{MemoryPerRun: 2 << 30}).ApplyMemoryLimit(); got != 0 || debug.SetMemoryLimit(-1) != 1<<30 {
		t.Errorf("set before: %d, %d", got, debug.SetMemoryLimit(-1))
	}
}
