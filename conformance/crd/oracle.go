// Package crd holds kesbridge's embedded schemas of ESO's CRDs to the code of
// a real API server (k8s.io/apiextensions-apiserver).
package crd

import (
	"context"
	"fmt"
	"os"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// Oracle is one served version of one CRD as an API server holds it.
type Oracle struct {
	APIVersion, Kind string
	namespaced       bool
	schema           *structural.Structural
	validator        validation.SchemaValidator
	cel              *cel.Validator
}

// Read reads the served versions of a CRD's file.
func Read(file string) (out []*Oracle, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var in v1.CustomResourceDefinition
	if err := yaml.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	for _, v := range in.Spec.Versions {
		if !v.Served {
			continue
		}
		var props apiextensions.JSONSchemaProps
		if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v.Schema.OpenAPIV3Schema, &props, nil); err != nil {
			return nil, err
		}
		o := &Oracle{APIVersion: in.Spec.Group + "/" + v.Name, Kind: in.Spec.Names.Kind, namespaced: in.Spec.Scope == v1.NamespaceScoped}
		if o.schema, err = structural.NewStructural(&props); err != nil {
			return nil, err
		}
		if o.validator, _, err = validation.NewSchemaValidator(&props); err != nil {
			return nil, err
		}
		o.cel = cel.NewValidator(o.schema, true, celconfig.PerCallLimit)
		out = append(out, o)
	}
	return out, nil
}

// Verdict is what the API server does with an object that is created: what
// it prunes and what it says, empty if the object is stored as it is. The
// steps are those of customresource_handler.go and customresource/validator.go.
func (o *Oracle) Verdict(obj map[string]any) (problems []string) {
	delete(obj, "status") // PrepareForCreate, with the status subresource
	if err, unknown := objectmeta.CoerceWithOptions(nil, obj, o.schema, true, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true}); err != nil {
		return []string{err.Error()}
	} else {
		problems = unknown
	}
	problems = append(problems, pruning.PruneWithOptions(obj, o.schema, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})...)
	defaulting.PruneNonNullableNullsWithoutDefaults(obj, o.schema)
	defaulting.Default(obj, o.schema)
	u := unstructured.Unstructured{Object: obj}
	if o.namespaced && u.GetNamespace() == "" {
		u.SetNamespace("default") // the request's
	}
	if !o.namespaced {
		u.SetNamespace("") // likewise
	}
	for _, err := range apivalidation.ValidateObjectMetaAccessor(&u, o.namespaced, apivalidation.NameIsDNSSubdomain, nil) {
		problems = append(problems, err.Error())
	}
	errs := validation.ValidateCustomResource(nil, obj, o.validator)
	if len(errs) == 0 && o.cel != nil {
		errs, _ = o.cel.Validate(context.Background(), nil, o.schema, obj, nil, celconfig.RuntimeCELCostBudget)
	}
	for _, err := range errs {
		problems = append(problems, err.Error())
	}
	return problems
}

// Prune takes away what the version doesn't know.
func (o *Oracle) Prune(obj map[string]any) { pruning.Prune(obj, o.schema, true) }

// String names it.
func (o *Oracle) String() string {
	return fmt.Sprintf("%s %s", strings.TrimPrefix(o.APIVersion, "external-secrets.io/"), o.Kind)
}
