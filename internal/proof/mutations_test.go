package proof

import (
	"fmt"
	"slices"
	"strings"

	"kesbridge/internal/eso"
)

// itemMutations spoil spec.data.
var itemMutations = []mutation{
	{"wrong property", each(func(d *eso.Data) bool {
		return d.RemoteRef.Property != "" && set(&d.RemoteRef.Property, d.RemoteRef.Property+"x")
	})},
	{"lost property", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Property, "") })},
	{"property made of the secret key", each(func(d *eso.Data) bool {
		return d.RemoteRef.Property == "" && set(&d.RemoteRef.Property, d.SecretKey)
	})},
	{"properties swapped", func(es *eso.ExternalSecret) bool {
		for i := range es.Data {
			for j := range i {
				a, b := &es.Data[i].RemoteRef, &es.Data[j].RemoteRef
				if a.Property != b.Property && a.Decode == b.Decode {
					a.Property, b.Property = b.Property, a.Property
					return true
				}
			}
		}
		return false
	}},
	{"last segment lost", each(func(d *eso.Data) bool {
		i := strings.LastIndex(d.RemoteRef.Property, ".")
		return i > 0 && d.RemoteRef.Property[i-1] != '\\' && set(&d.RemoteRef.Property, d.RemoteRef.Property[:i])
	})},
	{"first segment lost", each(func(d *eso.Data) bool {
		i := strings.Index(d.RemoteRef.Property, ".")
		return i > 0 && d.RemoteRef.Property[i-1] != '\\' && set(&d.RemoteRef.Property, d.RemoteRef.Property[i+1:])
	})},
	{"unescaped gjson specials", each(func(d *eso.Data) bool {
		p := d.RemoteRef.Property
		for _, c := range `*?|#{[!"@` {
			p = strings.ReplaceAll(p, `\`+string(c), string(c))
		}
		return set(&d.RemoteRef.Property, p)
	})},
	{"brackets kept", each(func(d *eso.Data) bool {
		for i := range 10 {
			if p := strings.ReplaceAll(d.RemoteRef.Property, fmt.Sprintf(".%d", i), fmt.Sprintf("[%d]", i)); p != d.RemoteRef.Property {
				return set(&d.RemoteRef.Property, p)
			}
		}
		return false
	})},
	{"property in upper case", each(func(d *eso.Data) bool {
		return set(&d.RemoteRef.Property, strings.ToUpper(d.RemoteRef.Property))
	})},
	{"array index off by one", each(func(d *eso.Data) bool {
		p := strings.NewReplacer(".0", ".1", ".1", ".2").Replace(d.RemoteRef.Property)
		return set(&d.RemoteRef.Property, p)
	})},
	{"lost decoding", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Decode, "") })},
	{"Auto decoding", each(func(d *eso.Data) bool { return d.RemoteRef.Decode == "Base64" && set(&d.RemoteRef.Decode, "Auto") })},
	{"Base64URL decoding", each(func(d *eso.Data) bool { return d.RemoteRef.Decode == "Base64" && set(&d.RemoteRef.Decode, "Base64URL") })},
	{"decoding where there was none", each(func(d *eso.Data) bool { return d.RemoteRef.Decode == "" && set(&d.RemoteRef.Decode, "Base64") })},
	{"Auto decoding where there was none", each(func(d *eso.Data) bool {
		// A whole document that only a template reads is never base64.
		return !strings.HasPrefix(d.SecretKey, "kesbridge_doc") && d.RemoteRef.Decode == "" && set(&d.RemoteRef.Decode, "Auto")
	})},
	{"double decoding by a template", func(es *eso.ExternalSecret) bool {
		for _, d := range es.Data {
			if d.RemoteRef.Decode == "Base64" && es.Target.Template.Data.Get(d.SecretKey) == nil {
				es.Target.Template.Data.Set(d.SecretKey, fmt.Sprintf("{{ index . %q | b64dec }}", d.SecretKey))
				es.Target.Template.Merge = true
				return true
			}
		}
		return false
	}},
	{"dropped item", func(es *eso.ExternalSecret) bool {
		if len(es.Data) == 0 {
			return false
		}
		es.Data = es.Data[1:]
		return true
	}},
	{"dropped last item", func(es *eso.ExternalSecret) bool {
		if len(es.Data) == 0 {
			return false
		}
		es.Data = es.Data[:len(es.Data)-1]
		return true
	}},
	{"item added", func(es *eso.ExternalSecret) bool {
		if len(es.Data) == 0 {
			return false
		}
		d := es.Data[0]
		d.SecretKey = "added"
		es.Data = append(es.Data, d)
		t := es.Target.Template
		return len(t.Data)+len(t.TemplateFrom) == 0 || t.Merge
	}},
	{"renamed key", each(func(d *eso.Data) bool { return set(&d.SecretKey, d.SecretKey+"2") })},
	{"key with other punctuation", each(func(d *eso.Data) bool {
		return set(&d.SecretKey, strings.NewReplacer("-", "_", ".", "_").Replace(d.SecretKey))
	})},
	{"keys swapped", func(es *eso.ExternalSecret) bool {
		for i := range es.Data {
			for j := range i {
				if es.Data[i].RemoteRef != es.Data[j].RemoteRef {
					es.Data[i].SecretKey, es.Data[j].SecretKey = es.Data[j].SecretKey, es.Data[i].SecretKey
					return true
				}
			}
		}
		return false
	}},
	{"wrong backend key", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Key, d.RemoteRef.Key+"-old") })},
	{"backend key without its first part", each(func(d *eso.Data) bool {
		_, rest, ok := strings.Cut(d.RemoteRef.Key, "/")
		return ok && rest != "" && set(&d.RemoteRef.Key, rest)
	})},
	{"wrong version", each(func(d *eso.Data) bool {
		return d.RemoteRef.Version != "" && set(&d.RemoteRef.Version, d.RemoteRef.Version+"0")
	})},
	{"lost version", each(func(d *eso.Data) bool { return set(&d.RemoteRef.Version, "") })},
	{"version id as a stage", each(func(d *eso.Data) bool {
		return set(&d.RemoteRef.Version, strings.TrimPrefix(d.RemoteRef.Version, "uuid/"))
	})},
	{"version where there was none", each(func(d *eso.Data) bool { return d.RemoteRef.Version == "" && set(&d.RemoteRef.Version, "3") })},
}

// sourceMutations spoil spec.dataFrom.
var sourceMutations = []mutation{
	{"data becomes extract", func(es *eso.ExternalSecret) bool {
		for i, d := range es.Data {
			if d.RemoteRef.Property == "" && d.RemoteRef.Decode == "" {
				ref := d.RemoteRef
				es.Data = slices.Delete(es.Data, i, i+1)
				es.DataFrom = append(es.DataFrom, eso.DataFrom{Extract: &ref})
				return true
			}
		}
		return false
	}},
	{"data with property becomes extract", func(es *eso.ExternalSecret) bool {
		for i, d := range es.Data {
			if d.RemoteRef.Property != "" {
				ref := d.RemoteRef
				ref.Property = ""
				es.Data = slices.Delete(es.Data, i, i+1)
				es.DataFrom = append(es.DataFrom, eso.DataFrom{Extract: &ref})
				return true
			}
		}
		return false
	}},
	{"extract becomes data", func(es *eso.ExternalSecret) bool {
		for i, d := range es.DataFrom {
			if d.Extract != nil {
				es.Data = append(es.Data, eso.Data{SecretKey: "whole", RemoteRef: *d.Extract})
				es.DataFrom = slices.Delete(es.DataFrom, i, i+1)
				return true
			}
		}
		return false
	}},
	{"dropped extract", func(es *eso.ExternalSecret) bool {
		if len(es.DataFrom) == 0 {
			return false
		}
		es.DataFrom = es.DataFrom[1:]
		return true
	}},
	{"dropped last extract", func(es *eso.ExternalSecret) bool {
		if len(es.DataFrom) == 0 {
			return false
		}
		es.DataFrom = es.DataFrom[:len(es.DataFrom)-1]
		return true
	}},
	{"swapped precedence of extracts", func(es *eso.ExternalSecret) bool {
		if len(es.DataFrom) < 2 || es.DataFrom[0].Find != nil {
			return false
		}
		slices.Reverse(es.DataFrom)
		return true
	}},
	{"extract decodes", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Decode, "Base64") })},
	{"extract decodes what it can", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Decode, "Auto") })},
	{"extract of a property", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Property, "nested") })},
	{"extract of another key", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Key, d.Extract.Key+"2") })},
	{"extract with another version", extracts(func(d *eso.DataFrom) bool { return d.Extract != nil && set(&d.Extract.Version, "AWSPREVIOUS") })},
	{"extract renames keys", extracts(func(d *eso.DataFrom) bool {
		d.Rewrite = append(d.Rewrite, eso.Rewrite{Source: "^", Target: "app_"})
		return true
	})},
	{"missing rewrite", extracts(func(d *eso.DataFrom) bool { had := len(d.Rewrite) > 0; d.Rewrite = nil; return had })},
	{"rewrite with a bad group", extracts(func(d *eso.DataFrom) bool {
		if len(d.Rewrite) == 0 {
			return false
		}
		d.Rewrite = []eso.Rewrite{{Source: "^.*/([^/]+)$", Target: "$1_x"}}
		return true
	})},
	{"rewrite of the prefix only", extracts(func(d *eso.DataFrom) bool {
		if d.Find == nil {
			return false
		}
		d.Rewrite = []eso.Rewrite{{Source: "^/[^/]*/", Target: ""}}
		return true
	})},
	{"non-recursive expression lost", extracts(func(d *eso.DataFrom) bool {
		return d.Find != nil && set(&d.Find.Regexp, strings.Replace(d.Find.Regexp, "/[^/]+$", "/.+$", 1))
	})},
	{"recursive expression made flat", extracts(func(d *eso.DataFrom) bool {
		return d.Find != nil && set(&d.Find.Regexp, strings.Replace(d.Find.Regexp, "/.+$", "/[^/]+$", 1))
	})},
	{"find in the parent", extracts(func(d *eso.DataFrom) bool {
		return d.Find != nil && set(&d.Find.Path, "/") && set(&d.Find.Regexp, ".*")
	})},
	{"find in another path", extracts(func(d *eso.DataFrom) bool { return d.Find != nil && set(&d.Find.Path, d.Find.Path+"x") })},
}
