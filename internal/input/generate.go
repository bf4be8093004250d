package input

import (
	"path"
	"slices"
	"strings"
)

// GeneratePaths compares the annotation
// argocd.argoproj.io/manifest-generate-paths with what an application really
// depends on. appPath is its source's path. missing are the files that were
// read and that the annotation doesn't cover, so that Argo CD doesn't render
// again when they change; none without the annotation, as Argo CD then looks at
// every commit. value is what covers everything: "." for the application's own
// directory, other paths from the root, sorted. s should hold the files that
// Argo CD reads in Git, kesbridge.yaml among them, and not the Application.
//
// Source: argo-cd util/app/path/path.go, GetSourceRefreshPaths and
// AppFilesHaveChanged (3.1.16). 3.6 also takes away blanks around a path;
// value has none, and a path with some counts for nothing, as in 3.1.
func GeneratePaths(annotation, appPath string, s Set) (missing []string, value string) {
	if items := refreshPaths(annotation, appPath); len(items) > 0 {
		for _, f := range s.in.Files {
			if !covered(items, f) {
				missing = append(missing, f)
			}
		}
	}
	return missing, generateValue(path.Clean(appPath), s)
}

// refreshPaths are the paths that an annotation means, absolute.
func refreshPaths(annotation, appPath string) (items []string) {
	for item := range strings.SplitSeq(annotation, ";") {
		switch {
		case item == "":
		case strings.HasPrefix(item, "/"):
			items = append(items, absolute(item[1:]))
		default:
			items = append(items, absolute(path.Join(appPath, item)))
		}
	}
	return items
}

func absolute(p string) string {
	if strings.HasPrefix(p, "/") {
		return p
	}
	return "/" + p
}

func covered(items []string, file string) bool {
	return slices.ContainsFunc(items, func(item string) bool { return covers(item, absolute(file)) })
}

// covers: a path is that of a file, of a directory above it, or a pattern for
// all of its path.
func covers(item, file string) bool {
	if item == file {
		return true
	}
	if under(path.Clean(item), file) {
		return true
	}
	// filepath as in Argo CD, which runs where "/" separates.
	ok, err := path.Match(item, file)
	return err == nil && ok
}

func under(dir, file string) bool {
	return dir == "/" || strings.HasPrefix(path.Dir(file)+"/", dir+"/")
}

func generateValue(appPath string, s Set) string {
	own := absolute(appPath)
	if appPath == "." {
		return "." // everything
	}
	items := []string{own}
	add := func(file string, item string) {
		if !covered(items, file) {
			items = append(items, item)
		}
	}
	for _, d := range s.in.Dirs { // sorted: a directory stands before those in it
		if a := path.Join("/", d); plain(a) && !under(a, own) {
			add(a+"/x", a)
		}
	}
	for _, d := range s.in.Dirs {
		// One above the application's, which a glob looks through, would bring all
		// that is in it; and no directory can be named by a pattern.
		if a := path.Join("/", d); a != own {
			add(path.Join(a, "\x00"), strings.TrimSuffix(pattern(a), "/")+"/*")
		}
	}
	for _, f := range slices.Concat(s.in.Files, s.in.Missing) {
		add(f, literal(absolute(f)))
	}
	items = slices.DeleteFunc(items[1:], func(item string) bool { return item == own })
	slices.Sort(items)
	return strings.Join(append([]string{"."}, items...), ";")
}

// plain says whether a path can stand in the annotation as it is.
func plain(p string) bool { return !strings.Contains(p, ";") && strings.TrimSpace(p) == p }

// literal writes the path of a file, as a pattern where it must be.
func literal(p string) string {
	if plain(p) {
		return p
	}
	return pattern(p)
}

// pattern is one for the path, without what would end it there.
func pattern(p string) string {
	var b strings.Builder
	for i, r := range p {
		switch {
		case r == ';' || strings.TrimSpace(p[i:]) == "":
			b.WriteByte('?')
		case strings.ContainsRune(`*?[\`, r):
			b.WriteByte('\\')
			fallthrough
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
