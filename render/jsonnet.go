package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-jsonnet"
	"github.com/google/go-jsonnet/ast"
	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// Source: argo-cd reposerver/repository/repository.go, findManifests and
// makeJsonnetVM (3.6.1). Argo CD adds no native functions; neither do we.

// jsonnet evaluates a file and puts its objects into the output.
func (l *lister) jsonnet(ctx context.Context, path, name string) error {
	raw, err := l.tree.readFile(path)
	if err != nil {
		return &Error{File: name, Err: err}
	}
	if bytes.Contains(toUTF8(raw), []byte(skipMarker)) {
		return l.skip(name, "it says "+skipMarker)
	}
	if l.libs == nil {
		if l.libs, err = l.jsonnetLibs(); err != nil {
			return err
		}
	}
	imp := &importer{ctx: ctx, tree: l.tree, libs: l.libs, contents: map[string]jsonnet.Contents{}, failed: map[string]error{}}
	text, err := evaluate(l.src.Directory.Jsonnet, imp, name)
	if err != nil {
		return imp.explain(name, err)
	}
	objs, err := jsonnetObjects([]byte(text))
	if err != nil {
		return &Error{File: name, Err: err}
	}
	docs := make([][]byte, len(objs))
	for i, o := range objs {
		if docs[i], err = printObject(o); err != nil {
			return &Error{File: name, Err: err}
		}
	}
	l.out.Streams = append(l.out.Streams, Stream{Name: name, Data: bytes.Join(docs, []byte("---\n"))})
	return nil
}

// evaluate gives what the jsonnet of that name evaluates to, as JSON.
func evaluate(opt JsonnetOptions, imp *importer, name string) (string, error) {
	vm := jsonnet.MakeVM()
	lim := &limit{ctx: imp.ctx}
	if err := lim.attach(vm); err != nil {
		return "", err
	}
	vm.Importer(imp)
	vm.SetTraceOut(io.Discard) // a library doesn't write to stderr
	for _, v := range opt.ExtVars {
		if v.Code {
			vm.ExtCode(v.Name, v.Value)
		} else {
			vm.ExtVar(v.Name, v.Value)
		}
	}
	for _, v := range opt.TLAs {
		if v.Code {
			vm.TLACode(v.Name, v.Value)
		} else {
			vm.TLAVar(v.Name, v.Value)
		}
	}
	node, _, err := vm.ImportAST("", "/"+name)
	if err != nil {
		return "", err
	}
	text, err := vm.Evaluate(node)
	if lim.err != nil {
		return "", lim.err // err tells of a crash
	}
	return text, err
}

// jsonnetObjects takes the objects out of a result: one, or an array of them.
// null is left out, as Argo CD does: a conditional without an else is one.
func jsonnetObjects(text []byte) ([]*unstructured.Unstructured, error) {
	var list []json.RawMessage
	if json.Unmarshal(text, &list) != nil {
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(text); err != nil {
			return nil, fmt.Errorf("the result is %w", notObject(text))
		}
		return []*unstructured.Unstructured{o}, nil
	}
	var objs []*unstructured.Unstructured
	for i, item := range list {
		if string(item) == "null" {
			continue
		}
		o := &unstructured.Unstructured{}
		if err := o.UnmarshalJSON(item); err != nil {
			return nil, fmt.Errorf("element %d of the result is %w", i, notObject(item))
		}
		objs = append(objs, o)
	}
	return objs, nil
}

// notObject says what stands where an object should.
func notObject(text []byte) error {
	switch text[0] {
	case '{':
		return errNoKind
	case '[':
		return errors.New("an array, not an object")
	case '"':
		return errors.New("a string, not an object")
	}
	return errors.New("not an object, but " + strings.TrimSpace(string(text)))
}

// printObject prints YAML, which reads well in a diff, if every reader takes
// the same from it as from the JSON; else JSON.
func printObject(o *unstructured.Unstructured) ([]byte, error) {
	want, err := json.Marshal(o.Object)
	if err != nil {
		return nil, err
	}
	if out, err := sigsyaml.JSONToYAML(want); err == nil {
		var strict any // YAML 1.2, more or less
		var kube unstructured.Unstructured
		if yaml.Unmarshal(out, &strict) == nil && kubeyaml.Unmarshal(out, &kube.Object) == nil {
			a, aerr := json.Marshal(strict)
			b, berr := json.Marshal(kube.Object)
			if aerr == nil && berr == nil && bytes.Equal(a, want) && bytes.Equal(b, want) {
				return out, nil
			}
		}
	}
	return append(want, '\n'), nil
}

// jsonnetLibs are the directories for imports relative to the root, the
// application's first. Argo CD's are relative to the repository, with or
// without a leading "/" (ResolveFileOrDirectoryPath of util/io/path, 3.6.1).
func (l *lister) jsonnetLibs() ([]string, error) {
	libs := []string{l.name}
	for _, p := range l.src.Directory.Jsonnet.Libs {
		name := path.Join(".", filepath.ToSlash(p))
		if strings.HasPrefix(name, "/") {
			name = path.Join(".", strings.TrimLeft(name, "/"))
		}
		if _, err := l.tree.stat(filepath.Join(l.tree.root, filepath.FromSlash(name))); err != nil {
			return nil, fmt.Errorf("jsonnet library %q: %w", p, err)
		}
		libs = append(libs, name)
	}
	return libs, nil
}

// explain gives an error its place: the innermost one that is in a file.
func (i *importer) explain(name string, err error) error {
	e := &Error{File: name, Err: err}
	var placed *Error
	var static interface {
		error
		Loc() ast.LocationRange
	}
	var run jsonnet.RuntimeError
	switch {
	case errors.As(err, &run):
		e.Err = errors.New(run.Msg)
		if cause := i.failed[run.Msg]; cause != nil {
			e.Err = cause
		}
		for _, f := range run.StackTrace {
			e.at(f.Loc)
		}
		// The place of a mistake in the syntax of an imported file is in the text.
		if m := importPlace.FindStringSubmatch(run.Msg); m != nil && i.contents[m[1]].String() != "" {
			e.File, e.Err = strings.TrimPrefix(m[1], "/"), errors.New(m[4])
			e.Line, _ = strconv.Atoi(m[2])
			e.Column, _ = strconv.Atoi(m[3])
		}
	case errors.As(err, &static):
		loc := static.Loc()
		e.Err = errors.New(strings.TrimSpace(strings.TrimPrefix(static.Error(), loc.String())))
		e.at(loc)
	default:
		if cause := i.failed[err.Error()]; cause != nil {
			e.Err = cause
		}
	}
	if errors.As(e.Err, &placed) {
		return placed
	}
	return e
}

var importPlace = regexp.MustCompile(`^(/[^:]+):\(?(\d+):(\d+)\)?(?:-\S+)? (.*)`)

func (e *Error) at(loc ast.LocationRange) {
	if loc.FileName != "" && loc.Begin.Line > 0 && loc.File != nil {
		e.File, e.Line, e.Column = strings.TrimPrefix(loc.FileName, "/"), loc.Begin.Line, loc.Begin.Column
	}
}
