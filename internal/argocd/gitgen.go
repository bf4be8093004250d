package argocd

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// Bounds of the files that a git generator reads.
const (
	maxGeneratorFile  = 1 << 20
	maxGeneratorFiles = 64 << 20
)

// git is applicationset/generators/git.go, over the checkout as it is: files
// that aren't committed count, too. The repository must be the checkout.
func (x *expansion) git(g map[string]any) ([]map[string]any, error) {
	repoURL, _ := g["repoURL"].(string)
	dir := x.checkout.root(repoURL, "")
	if dir == "" {
		if len(x.checkout.URLs) > 0 {
			return nil, x.checkout.missing("the git generator", repoURL)
		}
		dir = x.checkout.Root
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open repository: %w", err)
	}
	defer root.Close()
	files, err := x.listed(dir, root)
	if err != nil {
		return nil, err
	}
	values, err := texts(g["values"])
	if err != nil {
		return nil, err
	}
	prefix, _ := g["pathParamPrefix"].(string)
	if items, _ := g["directories"].([]any); len(items) > 0 {
		return x.gitDirectories(files, items, prefix, values)
	}
	if items, _ := g["files"].([]any); len(items) > 0 {
		return x.gitFiles(root, files, items, prefix, values)
	}
	return nil, errors.New("neither directories nor files")
}

// listed keeps what a checkout holds: a matrix asks again and again.
func (x *expansion) listed(dir string, root *os.Root) ([]entry, error) {
	if files, ok := x.files[dir]; ok {
		return files, nil
	}
	files, err := x.options.Listing.of(dir, root)
	if err != nil {
		return nil, fmt.Errorf("list repository: %w", err)
	}
	if x.files == nil {
		x.files = map[string][]entry{}
	}
	x.files[dir] = files
	return files, nil
}

// patterns splits the items of a git generator.
func patterns(items []any) (include, exclude []string, err error) {
	for _, item := range items {
		m, _ := item.(map[string]any)
		p, ok := m["path"].(string)
		if !ok {
			return nil, nil, errors.New("an item without path")
		}
		if no, _ := m["exclude"].(bool); no {
			exclude = append(exclude, p)
		} else {
			include = append(include, p)
		}
	}
	return include, exclude, nil
}

// gitDirectories: hidden directories and what is in them don't count, "*"
// doesn't cross "/" (repository.go, GetGitDirectories; git.go, filterApps).
func (x *expansion) gitDirectories(files []entry, items []any, prefix string, values map[string]string) ([]map[string]any, error) {
	include, exclude, err := patterns(items)
	if err != nil {
		return nil, err
	}
	for _, p := range slices.Concat(include, exclude) {
		if _, err := path.Match(p, "x"); err != nil {
			return nil, &PathError{Path: p, Reason: err.Error()}
		}
	}
	fits := func(name string) func(string) bool {
		return func(p string) bool { ok, _ := path.Match(p, name); return ok }
	}
	var out []map[string]any
	for _, f := range files {
		hidden := strings.HasPrefix(f.name, ".") || strings.Contains(f.name, "/.")
		if !f.dir || hidden || !slices.ContainsFunc(include, fits(f.name)) || slices.ContainsFunc(exclude, fits(f.name)) {
			continue
		}
		params := map[string]any{}
		x.pathParams(params, f.name, "", prefix)
		if err := x.appendValues(values, params); err != nil {
			return nil, err
		}
		if out = append(out, params); len(out) > maxParams {
			return nil, &LimitError{What: "the number of directories", Max: maxParams}
		}
	}
	return out, nil
}

// pathParams are the parameters of a directory, or of a file in it. With Go
// templates they are one mapping, `path.path` and so on; without, they are
// flat and `path` is the directory.
func (x *expansion) pathParams(params map[string]any, dir, file, prefix string) {
	base := path.Base(dir)
	if x.set.Spec.GoTemplate {
		m := map[string]any{"path": dir, "basename": base, "basenameNormalized": sanitizeName(base), "segments": strings.Split(dir, "/")}
		if file != "" {
			m["filename"], m["filenameNormalized"] = file, sanitizeName(file)
		}
		if prefix != "" {
			params[prefix] = map[string]any{"path": m}
		} else {
			params["path"] = m
		}
		return
	}
	name := "path"
	if prefix != "" {
		name = prefix + ".path"
	}
	params[name], params[name+".basename"], params[name+".basenameNormalized"] = dir, base, sanitizeName(base)
	if file != "" {
		params[name+".filename"], params[name+".filenameNormalized"] = file, sanitizeName(file)
	}
	for i, s := range strings.Split(dir, "/") {
		if s != "" {
			params[name+"["+strconv.Itoa(i)+"]"] = s
		}
	}
}

func (x *expansion) gitFiles(root *os.Root, files []entry, items []any, prefix string, values map[string]string) ([]map[string]any, error) {
	include, exclude, err := patterns(items)
	if err != nil {
		return nil, err
	}
	fits := pathspec
	if x.options.NewGitFileGlobbing {
		fits = doubleStar
	}
	in, err := matcher(include, fits)
	if err != nil {
		return nil, err
	}
	not, err := matcher(exclude, fits)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		if !f.dir && in(f.name) && !not(f.name) {
			names = append(names, f.name)
		}
	}
	slices.Sort(names) // a walk sorts within directories only
	var out []map[string]any
	total := int64(0)
	for _, name := range names {
		b, err := readFile(root, name, maxGeneratorFile)
		if err != nil {
			return nil, err
		}
		if x.read == nil {
			x.read = map[string]bool{}
		}
		x.read[name] = true
		if total += int64(len(b)); total > maxGeneratorFiles {
			return nil, &LimitError{What: "the size of a git generator's files", Max: maxGeneratorFiles}
		}
		more, err := x.fileParams(name, b, prefix, values)
		if err != nil {
			return nil, fmt.Errorf("unable to process file %s: %w", name, err)
		}
		if out = append(out, more...); len(out) > maxParams {
			return nil, &LimitError{What: "the number of parameter sets", Max: maxParams}
		}
	}
	return out, nil
}

// fileParams: a file holds one mapping, or a list of them (git.go,
// generateParamsFromGitFile). An empty one is an empty mapping.
func (x *expansion) fileParams(name string, b []byte, prefix string, values map[string]string) ([]map[string]any, error) {
	one := map[string]any{}
	found := []map[string]any{one}
	if err := yaml.Unmarshal(b, &one); err != nil {
		found = nil
		if err := yaml.Unmarshal(b, &found); err != nil {
			return nil, fmt.Errorf("unable to parse file: %w", err)
		}
	} else {
		found[0] = one
	}
	var out []map[string]any
	for _, object := range found {
		params := map[string]any{}
		if x.set.Spec.GoTemplate {
			maps.Copy(params, object)
		} else {
			for k, v := range flatten(object) {
				params[k] = v
			}
		}
		x.pathParams(params, path.Dir(name), path.Base(name), prefix)
		if err := x.appendValues(values, params); err != nil {
			return nil, err
		}
		out = append(out, params)
	}
	return out, nil
}
