package limit

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
)

// Resources are what the processes of one container may use together.
type Resources struct {
	// CPUs is the smaller of the cgroups' CPU quota and the CPUs that this
	// process may run on; a quota of half a CPU is 0.5.
	CPUs float64
	// Memory is the cgroups' memory limit in bytes; 0 where there is none.
	Memory int64
}

// System returns the resources of the container that this process runs in;
// outside Linux there are only CPUs.
func System() Resources { return read(os.DirFS("/"), runtime.NumCPU()) }

// read finds the limits of the process's cgroup and of all those around it that
// it can see, of version 2 (cpu.max, memory.max, memory.high) and version 1
// (cpu.cfs_quota_us, memory.limit_in_bytes, and hierarchical_memory_limit,
// which counts those that it can't see): the smallest counts. See cgroups(7)
// and Documentation/admin-guide/cgroup-v2.rst. A file that can't be read or
// understood limits nothing.
func read(root fs.FS, cpus int) Resources {
	r := Resources{CPUs: float64(cpus), Memory: math.MaxInt64}
	groups := groupsOf(text(root, "proc/self/cgroup"))
	mounts := mountsOf(text(root, "proc/self/mountinfo"))
	for _, m := range mounts {
		group, ok := groups[m.controller]
		if !ok {
			continue
		}
		for dir := m.dir(group); ; dir = path.Dir(dir) {
			r.limit(root, m.controller, strings.TrimPrefix(dir, "/"))
			if dir == m.point || dir == "/" {
				break
			}
		}
	}
	if r.Memory == math.MaxInt64 {
		r.Memory = 0
	}
	return r
}

// limit applies the limits of one cgroup.
func (r *Resources) limit(root fs.FS, controller, dir string) {
	file := func(name string) string { return text(root, path.Join(dir, name)) }
	if controller == "" || controller == "cpu" {
		quota, period := file("cpu.cfs_quota_us"), file("cpu.cfs_period_us")
		if controller == "" {
			quota, period, _ = strings.Cut(file("cpu.max"), " ")
		}
		q, p := number(quota), number(period)
		if q > 0 && p > 0 {
			r.CPUs = min(r.CPUs, float64(q)/float64(p))
		}
	}
	memory := func(s string) {
		if n := number(s); n > 0 {
			r.Memory = min(r.Memory, n)
		}
	}
	switch controller {
	case "":
		memory(file("memory.max"))
		memory(file("memory.high"))
	case "memory":
		memory(file("memory.limit_in_bytes"))
		for line := range strings.Lines(file("memory.stat")) {
			if n, ok := strings.CutPrefix(line, "hierarchical_memory_limit "); ok {
				memory(strings.TrimSpace(n))
			}
		}
	}
}

// number reads a count; 0 stands for none: "max", "-1", and version 1's way
// of saying so, the largest number of whole pages.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n >= 1<<60 {
		return 0
	}
	return n
}

func text(root fs.FS, name string) string {
	data, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// groupsOf reads /proc/self/cgroup: the cgroup of each controller, "" for
// version 2's.
func groupsOf(s string) map[string]string {
	groups := map[string]string{}
	for line := range strings.Lines(s) {
		part := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(part) != 3 {
			continue
		}
		for c := range strings.SplitSeq(part[1], ",") {
			groups[c] = part[2]
		}
	}
	return groups
}

// mount is a place where a hierarchy of cgroups is seen.
type mount struct {
	controller, root, point string
}

// dir is where a cgroup is seen. One outside the part that is mounted is that
// of a container which was given its own cgroup as the whole.
func (m mount) dir(group string) string {
	rest := group
	if m.root != "/" {
		var ok bool
		if rest, ok = strings.CutPrefix(group, m.root); !ok || rest != "" && rest[0] != '/' {
			return m.point
		}
	}
	if strings.Contains(rest, "..") {
		return m.point
	}
	return path.Join(m.point, rest)
}

// mountsOf reads /proc/self/mountinfo: proc_pid_mountinfo(5).
func mountsOf(s string) []mount {
	var out []mount
	for line := range strings.Lines(s) {
		before, after, ok := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(g) < 3 {
			continue
		}
		m := mount{root: path.Clean(unescape(f[3])), point: path.Clean(unescape(f[4]))}
		switch g[0] {
		case "cgroup2":
			out = append(out, m)
		case "cgroup":
			for option := range strings.SplitSeq(g[2], ",") {
				if option == "cpu" || option == "memory" {
					m.controller = option
					out = append(out, m)
				}
			}
		}
	}
	return out
}

// unescape undoes the kernel's octal escapes of blanks and backslashes.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}
