package argocd

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// maxGitFile bounds what is read of .git.
const maxGitFile = 4 << 20

// gitDir finds the directory that holds HEAD, and the one that holds config
// and refs: they differ in a linked worktree (gitrepository-layout).
func gitDir(root string) (dir, common string) {
	dir = filepath.Join(root, ".git")
	info, err := os.Stat(dir)
	if err != nil {
		return "", ""
	}
	if !info.IsDir() {
		line, err := readGit(dir)
		to, ok := strings.CutPrefix(strings.TrimSpace(line), "gitdir:")
		if err != nil || !ok {
			return "", ""
		}
		if dir = strings.TrimSpace(to); !filepath.IsAbs(dir) {
			dir = filepath.Join(root, dir)
		}
	}
	common = dir
	if line, err := readGit(filepath.Join(dir, "commondir")); err == nil {
		if common = strings.TrimSpace(line); !filepath.IsAbs(common) {
			common = filepath.Join(dir, common)
		}
	}
	return dir, common
}

// readGit reads a small regular file.
func readGit(name string) (string, error) {
	dir, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return "", err
	}
	defer dir.Close()
	b, err := readFile(dir, filepath.Base(name), maxGitFile)
	return string(b), err
}

var (
	configSection = regexp.MustCompile(`^\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*(.*)$`)
	configEntry   = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)$`)
)

// remotes are the URLs of all remotes in .git/config; includes and insteadOf
// aren't followed.
func remotes(common string) []string {
	text, err := readGit(filepath.Join(common, "config"))
	if err != nil {
		return nil
	}
	var urls []string
	section := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if m := configSection.FindStringSubmatch(line); m != nil {
			section, line = strings.ToLower(m[1]), m[3]
		}
		m := configEntry.FindStringSubmatch(line)
		if m == nil || section != "remote" || !strings.EqualFold(m[1], "url") {
			continue
		}
		if v := unquote(m[2]); v != "" {
			urls = append(urls, v)
		}
	}
	return urls
}

// unquote takes off a comment and quotes.
func unquote(v string) string {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && i+1 < len(v):
			i++
			b.WriteByte(v[i])
		case !quoted && (c == '#' || c == ';'):
			return strings.TrimSpace(b.String())
		default:
			b.WriteByte(c)
		}
	}
	return strings.TrimSpace(b.String())
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// head is the commit that is checked out, or empty.
func head(dir, common string) string {
	name := "HEAD"
	for range 5 {
		line, err := readGit(filepath.Join(dir, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) && name != "HEAD" {
			line, err = readGit(filepath.Join(common, filepath.FromSlash(name)))
		}
		if err != nil {
			return packed(common, name)
		}
		line = strings.TrimSpace(line)
		to, ok := strings.CutPrefix(line, "ref:")
		if !ok {
			if commit.MatchString(line) {
				return line
			}
			return ""
		}
		if name = strings.TrimSpace(to); !strings.HasPrefix(name, "refs/") || !filepath.IsLocal(name) {
			return ""
		}
	}
	return ""
}

func packed(common, name string) string {
	text, err := readGit(filepath.Join(common, "packed-refs"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(text) {
		if hash, ref, ok := strings.Cut(strings.TrimSpace(line), " "); ok && ref == name && commit.MatchString(hash) {
			return hash
		}
	}
	return ""
}
