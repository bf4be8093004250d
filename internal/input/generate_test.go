package input

import (
	"slices"
	"testing"

	"kesbridge/render"
)

func TestGeneratePaths(t *testing.T) {
	web := render.Inputs{
		Files:   words("apps/web/a.yaml apps/web/sub/b.yaml base/web/a.yaml base/web/kustomization.yaml env/prod/v.yaml kesbridge.yaml"),
		Dirs:    words("apps/web apps/web/sub base/web"),
		Missing: words("apps/web/kustomization.yml base/web/Kustomization"),
	}
	all := ".;/base/web;/env/prod/v.yaml;/kesbridge.yaml"
	outside := words("base/web/a.yaml base/web/kustomization.yaml env/prod/v.yaml kesbridge.yaml")
	for _, c := range []struct {
		name, annotation, app string
		in                    render.Inputs
		missing               []string
		value                 string
	}{
		{"none", "", "apps/web", web, nil, all},
		{"only separators", ";;", "apps/web", web, nil, all},
		{"exact", all, "apps/web", web, nil, all},
		{"own", ".", "apps/web", web, outside, all},
		{"own, with a separator", ";.", "apps/web", web, outside, all},
		{"relative", ".;../../base;../../env/prod;../../kesbridge.yaml", "apps/web", web, nil, all},
		{"absolute", "/", "apps/web", web, nil, all},
		{"unclean", "/apps/../base/web;/./env;.;/kesbridge.yaml", "apps/web", web, nil, all},
		{"a file's name isn't a prefix", ".;/base/we;/kes;/env/prod/v.yam", "apps/web", web, outside, all},
		{"glob", ".;/base/web/*;/env/*/v.yaml;/*.yaml", "apps/web", web, nil, all},
		{"glob of one level", "/base/*;/apps/*", "apps/web", web, web.Files, all},
		{"a glob isn't of a directory", ".;/*", "apps/web", web, outside[:3], all},
		{"blanks, which 3.1 doesn't take away", ".; /base/web;/env;/kesbridge.yaml", "apps/web", web, outside[:2], all},
		{"broken glob", ".;/[;/base;/env;/kesbridge.yaml", "apps/web", web, nil, all},
		{"a slash at the end", "./;/base/web/;/env/;/kesbridge.yaml", "apps/web", web, nil, all},
		{"the root is the app", ".", ".", web, nil, "."},
		{"looked for in vain", "", "app", render.Inputs{Files: words("app/a"), Missing: words("env/x.yaml app/y")}, nil, ".;/env/x.yaml"},
		{"nested directories", "", "app", render.Inputs{Files: words("c/Chart.yaml c/templates/a"), Dirs: words("c/templates c c/charts")}, nil, ".;/c"},
		{"looked through above the app", "", "apps/web", render.Inputs{Files: words("apps/common.yaml apps/x/v.yaml top.yaml"), Dirs: words(". apps apps/x")}, nil, ".;/*;/apps/*;/apps/x"},
		{"separator in a name", "", "app", render.Inputs{Files: []string{"d/a;b[1].yaml", "e/x ", "d/[y].yaml"}}, nil, `.;/d/[y].yaml;/d/a?b\[1].yaml;/e/x?`},
		{"separator in a directory's name", "", "a;p", render.Inputs{Files: []string{"a;p/x", "b;/x"}, Dirs: []string{"a;p", "b;"}}, nil, `.;/b?/x`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := New("", c.in)
			missing, value := GeneratePaths(c.annotation, c.app, s)
			if !slices.Equal(missing, c.missing) || value != c.value {
				t.Errorf("got %q %s\nwant %q %s", missing, value, c.missing, c.value)
			}
			if missing, again := GeneratePaths(value, c.app, s); len(missing) > 0 || again != value {
				t.Errorf("with that value: %q %s", missing, again)
			}
		})
	}
}
