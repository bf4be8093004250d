package render

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Kind says which tool a directory is for.
type Kind string

// The kinds of source. Auto, the zero value, looks at the directory.
const (
	Auto      Kind = ""
	Directory Kind = "directory"
	Kustomize Kind = "kustomize"
	Helm      Kind = "helm"
)

// Source is an application to render. Only Dir is needed.
type Source struct {
	// Dir is the application's directory.
	Dir string
	// Root is the repository's root: nothing outside it is read. Empty: the
	// nearest directory from Dir upwards that holds ".git", else Dir itself.
	Root string
	// Kind is the tool; Auto finds it with Detect.
	Kind Kind

	// Options of one tool; those of the others are ignored.
	Directory DirectoryOptions
	Kustomize KustomizeOptions
	Helm      HelmOptions

	// KubeVersion and APIVersions are what charts see as .Capabilities.
	// Empty: what this build of Helm's library knows; APIVersions add to it.
	KubeVersion string
	APIVersions []string

	Network Network

	// OriginsOf are the API groups of the objects whose origins are wanted; with
	// none, all objects' are. Few cost less: see Stream.Origins.
	OriginsOf []string
}

// DirectoryOptions are Argo CD's options for a directory of manifests.
type DirectoryOptions struct {
	// Recurse reads subdirectories, too. Linked directories are never followed.
	Recurse bool
	// Include and Exclude are globs on the path relative to Dir; "*" crosses
	// "/", "{a,b}" is a choice. A file must match Include, if there is one, and
	// not Exclude.
	Include, Exclude string
	// DisableExtensionFilter takes files of all names for manifests, not only
	// .yaml, .yml, .json and .jsonnet (Argo CD 3.6).
	DisableExtensionFilter bool
	// MaxSize caps the files' bytes taken together; 0 is Argo CD's default of
	// 10,000,000, below 0 is no cap.
	MaxSize int64
	// Jsonnet are the options for *.jsonnet files.
	Jsonnet JsonnetOptions
}

// JsonnetOptions are Argo CD's options for jsonnet.
type JsonnetOptions struct {
	ExtVars, TLAs []JsonnetVar
	// Libs are directories for imports, relative to Root.
	Libs []string
}

// JsonnetVar is an external variable or a top-level argument.
type JsonnetVar struct {
	Name, Value string
	// Code: Value is jsonnet, not text.
	Code bool
}

// KustomizeOptions are Argo CD's options for kustomize. The zero value is a
// plain `kustomize build`. They are applied in Argo CD's order on a copy in
// memory (util/kustomize/kustomize.go of 3.1): the checkout is never changed.
type KustomizeOptions struct {
	NamePrefix, NameSuffix, Namespace string
	// Images are `kustomize edit set image` arguments: "name=new:tag".
	Images   []string
	Replicas []KustomizeReplica

	CommonLabels, CommonAnnotations           map[string]string
	ForceCommonLabels, ForceCommonAnnotations bool
	LabelWithoutSelector                      bool
	LabelIncludeTemplates                     bool

	Patches                 []KustomizePatch
	Components              []string
	IgnoreMissingComponents bool

	// Version is kustomize's version in the label app.kubernetes.io/managed-by,
	// for those who ask for it; empty is that of Argo CD 3.5, v5.8.1.
	Version string
	// BuildOptions are the administrator's: "--enable-helm",
	// "--load-restrictor LoadRestrictionsNone" and the like.
	BuildOptions []string
	// HelmCommand is run for --enable-helm. Empty: none, so that a
	// kustomization with charts is an error.
	HelmCommand string
}

// KustomizeReplica sets a number of replicas.
type KustomizeReplica struct {
	Name  string
	Count int64
}

// KustomizePatch is a patch of the Application's.
type KustomizePatch struct {
	Path, Patch string
	Target      *KustomizeSelector
	Options     map[string]bool
}

// KustomizeSelector chooses the objects of a patch.
type KustomizeSelector struct {
	Group, Version, Kind, Name, Namespace string
	AnnotationSelector, LabelSelector     string
}

// HelmOptions are Argo CD's options for Helm. The zero value is what Argo CD
// does for a chart without options.
type HelmOptions struct {
	// ReleaseName is by default the base name of Dir.
	ReleaseName string
	// Namespace is .Release.Namespace, by default "default". It is not put
	// into the objects.
	Namespace string
	// ValueFiles are read in this order, later ones win. Paths are relative to
	// Dir, those with a leading "/" to Root; globs as in Argo CD 3.4.
	ValueFiles              []string
	IgnoreMissingValueFiles bool
	// Values is YAML; it wins over ValueFiles.
	Values string
	// Parameters win over Values, as --set and --set-string; FileParameters
	// as --set-file.
	Parameters     []HelmParameter
	FileParameters []HelmFileParameter
	// SkipCRDs leaves out the charts' crds/ directories.
	SkipCRDs bool
	// SkipTests leaves out test hooks.
	SkipTests bool
	// SkipSchemaValidation ignores values.schema.json.
	SkipSchemaValidation bool
	// PassCredentials passes a repository's credentials to other hosts that
	// its charts are at.
	PassCredentials bool
	// HelmVersion is .Capabilities.HelmVersion.Version; empty is the
	// library's. Argo CD lines differ in it.
	HelmVersion string
	// Refs are the directories behind $name in ValueFiles (multi-source).
	Refs map[string]string
}

// HelmParameter is one --set or, with ForceString, --set-string.
type HelmParameter struct {
	Name, Value string
	ForceString bool
}

// HelmFileParameter is one --set-file.
type HelmFileParameter struct{ Name, Path string }

// Network says what may be fetched. The zero value is nothing.
type Network struct {
	// Allow lets charts' dependencies and kustomize's remote bases be fetched.
	// Only an administrator may set it.
	Allow bool
	// CacheDir keeps what was fetched, by digest. Empty: nothing is kept.
	CacheDir string
	// HelmConfigDir holds the administrator's repositories.yaml and registry
	// credentials, as Helm lays them out.
	HelmConfigDir string
}

// Output is what a source rendered to.
type Output struct {
	// Kind is the tool that was used, never Auto.
	Kind Kind
	// Streams are in the order in which Argo CD reads them.
	Streams []Stream
	// Skipped are the files of a directory that look like manifests by their
	// names and were left out as Argo CD leaves them out, with the reason.
	Skipped []Skipped
	// Warnings are what a tool says about a source that it renders, such as
	// resources that it left out.
	Warnings []string
	// Inputs are what was read to render it.
	Inputs Inputs
}

// Stream is YAML or JSON documents with a common source.
type Stream struct {
	// Name is a path with "/" relative to Root: the file for a directory, the
	// application's directory ("." for Root itself) for kustomize and Helm.
	Name string
	// Data are the documents, byte for byte as the tool prints them or as they
	// are in the file. A file in UTF-16 comes as UTF-8.
	Data []byte
	// Origins tell where the objects of a kustomization came from: one for each
	// document of Data that is in one of Source.OriginsOf, in the same order. nil
	// where that isn't known; Helm says it in Data, in "# Source:" comments.
	Origins []Origin
}

// Origin is an object and its source.
type Origin struct {
	APIVersion, Kind, Namespace, Name string
	// Path of the file that holds the object, or of the kustomization that
	// generates it; relative to Root, with "/". Empty if unknown.
	Path string
}

// Skipped is a file that was left out.
type Skipped struct {
	// Name is the path relative to Root, with "/".
	Name   string
	Reason string
}

// Render renders a source. The same files and options give the same bytes,
// except where a chart's templates ask for chance or for the time.
//
// With an error comes an Output that holds the Inputs as far as the render got:
// as long as none of them changes, it fails. It is nil if there is no
// repository at all.
//
// When ctx ends first, Render returns its cause at once; a template that is
// running then runs on in the background until it is done.
func Render(ctx context.Context, src Source) (*Output, error) {
	a, err := open(src)
	if a == nil {
		return nil, err
	}
	if err != nil {
		return a.failed(), err
	}
	if a.src.Kind == Auto {
		a.tree.noteDir(a.dir)
		if a.src.Kind, err = Detect(a.dir); err != nil {
			a.tree.close()
			return a.failed(), err
		}
	}
	var f func(context.Context) (*Output, error)
	switch a.src.Kind {
	case Directory:
		f = a.directory
	case Kustomize:
		f = a.kustomize
	case Helm:
		f = a.helm
	default:
		a.tree.close()
		return a.failed(), fmt.Errorf("render %s: unknown kind %q: use directory, kustomize or helm", src.Dir, src.Kind)
	}
	return a.await(ctx, f)
}

// app is a source whose paths are resolved.
type app struct {
	src  Source
	dir  string // absolute, no symbolic links
	name string // relative to the root, with "/"
	tree *tree
	// scratch is kustomize's place for charts, or nil.
	scratch *tree
	// shared: kustomize runs beside other builds.
	shared bool
}

// open resolves a source's paths. With an error, the app is nil or has
// nothing but what was looked at.
func open(src Source) (*app, error) {
	dir, err := realDir(src.Dir)
	if err != nil {
		err = fmt.Errorf("open application: %w", err)
		if src.Root == "" {
			return nil, err
		}
	}
	root := dir
	if src.Root != "" {
		var rerr error
		if root, rerr = realDir(src.Root); rerr != nil {
			return nil, cmp.Or(err, fmt.Errorf("open repository: %w", rerr))
		}
	} else {
		root = rootOf(dir)
	}
	t, terr := openTree(root)
	if terr != nil {
		return nil, cmp.Or(err, fmt.Errorf("open repository: %w", terr))
	}
	t.rec = &recorder{}
	t.traceDir(src)
	a := &app{src: src, dir: dir, tree: t}
	if err == nil {
		var ok bool
		if a.name, ok = t.rel(dir); !ok {
			err = fmt.Errorf("open application: %w", &OutsideError{Path: src.Dir})
		}
	}
	if err != nil {
		t.close()
		return a, err
	}
	return a, nil
}

// rootOf is the nearest directory from dir upwards that holds ".git", else
// dir itself.
func rootOf(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil {
			return d
		}
		if d == filepath.Dir(d) {
			return dir
		}
	}
}

func realDir(dir string) (string, error) {
	if dir == "" {
		dir = "."
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return "", err
	}
	fi, err := os.Stat(abs)
	if err != nil {
		return "", err
	}
	if !fi.IsDir() {
		return "", fmt.Errorf("%s is not a directory", dir)
	}
	return abs, nil
}

// failed is the output of a render that failed.
func (a *app) failed() *Output {
	return &Output{Kind: a.src.Kind, Inputs: a.tree.rec.inputs()}
}

// await runs f and doesn't wait for it longer than ctx lasts, since neither
// library can be stopped. What f would panic with is an error: it is the
// input's fault, and a caller with other applications to render goes on.
func (a *app) await(ctx context.Context, f func(context.Context) (*Output, error)) (*Output, error) {
	type result struct {
		out *Output
		err error
	}
	if err := context.Cause(ctx); err != nil {
		a.tree.close()
		return a.failed(), fmt.Errorf("render %s: %w", a.name, err)
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{nil, fmt.Errorf("render %s: %s: panic: %v", a.name, a.src.Kind, p)}
			}
			a.tree.close()
			done <- r
		}()
		r.out, r.err = f(ctx)
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return a.failed(), r.err
		}
		r.out.Inputs = a.tree.rec.inputs()
		return r.out, nil
	case <-ctx.Done():
		return a.failed(), fmt.Errorf("render %s: %w", a.name, context.Cause(ctx))
	}
}
