package examples_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kesbridge/internal/cli"
)

// page is a page of docs that shows commands and what they print.
type page struct {
	out bytes.Buffer
	ran int
}

// play goes through a page: a block "yaml FILE" is written to FILE, in a block
// "console" every command of kesbridge is run, and what it prints takes the
// place of what the page shows.
func (p *page) play(t *testing.T, text string) {
	t.Helper()
	block, name := "", ""
	var body strings.Builder
	for line := range strings.Lines(text) {
		if info, ok := strings.CutPrefix(line, "```"); ok {
			switch {
			case block == "":
				block, name, _ = strings.Cut(strings.TrimSpace(info)+" ", " ")
				name = strings.TrimSpace(name)
				body.Reset()
			case block == "yaml" && name != "":
				if err := os.WriteFile(name, []byte(body.String()), 0o666); err != nil {
					t.Fatal(err)
				}
				fallthrough
			default:
				block = ""
			}
			p.out.WriteString(line)
			continue
		}
		body.WriteString(line)
		if block != "console" {
			p.out.WriteString(line)
			continue
		}
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue // printed before; the run prints it anew
		}
		p.out.WriteString(line)
		if command, ok := strings.CutPrefix(strings.TrimSpace(command), "kesbridge "); ok {
			p.run(t, command)
		}
	}
	if block != "" {
		t.Error("a block doesn't end")
	}
}

// run is a shell that knows words and "> FILE".
func (p *page) run(t *testing.T, command string) {
	t.Helper()
	if strings.ContainsAny(command, "'\"\\$|;&<*") {
		t.Fatalf("%s: a command here is words and at most > FILE", command)
	}
	command, file, redirected := strings.Cut(command, " > ")
	var out, errw bytes.Buffer
	if code := cli.Run(context.Background(), strings.Fields(command), nil, strings.NewReader(""), &out, &errw); code != 0 {
		t.Fatalf("kesbridge %s: exit code %d\n%s", command, code, errw.String())
	}
	p.ran++
	if redirected {
		if err := os.WriteFile(strings.TrimSpace(file), out.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		out.Reset()
	}
	p.out.Write(out.Bytes())
	p.out.Write(errw.Bytes())
}

// TestStart runs docs/start.md on a copy of the shop.
func TestStart(t *testing.T) {
	src, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	page := &page{}
	name := filepath.Join(src, "../docs/start.md")
	text := string(file(t, name))
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS("shop")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, ".git"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	page.play(t, text)
	if page.ran < 8 {
		t.Errorf("the page ran %d commands", page.ran)
	}
	native := file(t, "native.yaml")
	if !bytes.Equal(native, file(t, "plugin.yaml")) || bytes.Equal(native, file(t, "converted.yaml")) {
		t.Error("plugin.yaml isn't native.yaml, or converted.yaml is")
	}
	if page.out.String() == text {
		return
	}
	if !*update {
		t.Fatalf("docs/start.md shows something else (go test ./examples -update rewrites it)\n%s", page.out.String())
	}
	if err := os.WriteFile(name, page.out.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}
