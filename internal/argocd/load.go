package argocd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"kesbridge/internal/manifest"
)

// maxFile bounds a file of Applications.
const maxFile = 16 << 20

// Load reads the Applications of a file: those that it holds and those that
// its ApplicationSets make from the checkout, in order. Documents of other
// kinds are passed over; a file without any is a *NoneError. See Parse.
func Load(file string, c *Checkout, o Options) ([]Application, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read applications: %w", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, fmt.Errorf("read applications: %w", err)
	} else if info.IsDir() {
		return nil, fmt.Errorf("read applications: %s: %w", file, errDirectory)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read applications: %w", err)
	}
	return Parse(filepath.ToSlash(file), data, c, o)
}

// Parse is Load for what was read already: YAML or JSON documents, Lists, and
// the bare list that `argocd appset generate -o yaml` prints. name is for
// positions. What can be told of several broken ones is told at once.
func Parse(name string, data []byte, c *Checkout, o Options) ([]Application, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("read applications: %w", &LimitError{What: name, Max: maxFile})
	}
	objects, err := readObjects(name, data)
	if err != nil {
		return nil, err
	}
	var apps []Application
	var errs []error
	for _, obj := range objects {
		var made []Application
		var err error
		switch obj.ref.Kind {
		case "Application":
			made, err = obj.application()
		case "ApplicationSet":
			made, err = obj.applicationSet(c, o)
		}
		if err != nil {
			errs = append(errs, &Error{Pos: obj.pos, Object: obj.ref.String(), Err: err, Fix: fix(err)})
			continue
		}
		apps = append(apps, made...)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if len(objects) == 0 {
		return nil, &NoneError{File: name}
	}
	return apps, nil
}

// NoneError is a file that holds neither an Application nor an ApplicationSet.
type NoneError struct{ File string }

func (e *NoneError) Error() string {
	return e.File + ": no Application or ApplicationSet of " + Group + "/v1alpha1 in it"
}

func (obj *object) application() ([]Application, error) {
	app := Application{}
	if err := decodeApplication(obj.json, &app); err != nil {
		return nil, err
	}
	app.Pos = obj.pos
	return []Application{app}, nil
}

var dnsName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// checkName refuses what the API server refuses; the name becomes part of
// file names.
func checkName(m Metadata) error {
	if len(m.Name) > 253 || !dnsName.MatchString(m.Name) {
		return &PathError{Path: fmt.Sprintf("metadata.name %q", m.Name), Reason: "not the name of an object"}
	}
	if m.Namespace != "" && !dnsName.MatchString(m.Namespace) {
		return &PathError{Path: fmt.Sprintf("metadata.namespace %q", m.Namespace), Reason: "not the name of a namespace"}
	}
	return nil
}

// object is an Application or ApplicationSet as it stands in a file.
type object struct {
	pos  manifest.Pos
	ref  manifest.Ref
	json []byte
}
