package argocd

import (
	"net/url"
	"regexp"
	"strings"
)

var scpURL = regexp.MustCompile(`^(?:[^@/:]+@)?([^:/]+):(.+)$`)

// repoKey is what two URLs of one repository have in common: host and path.
// Argo CD's own comparison (util/git/git.go, NormalizeGitURL) keeps scheme and
// user, since it needs them to fetch; a person's clone over SSH is the
// repository that an Application names by HTTPS, though.
func repoKey(repo string) string {
	repo = strings.ToLower(strings.TrimSpace(repo))
	if !strings.Contains(repo, "://") {
		if m := scpURL.FindStringSubmatch(repo); m != nil {
			repo = "ssh://" + m[1] + "/" + strings.TrimLeft(m[2], "/")
		}
	}
	u, err := url.Parse(repo)
	if err != nil {
		return repo
	}
	path := strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git")
	return u.Hostname() + "/" + path
}

// displayURL hides what a URL may carry as a password.
func displayURL(repo string) string {
	u, err := url.Parse(repo)
	if err != nil || u.User == nil {
		return repo
	}
	u.User = nil
	return u.String()
}

func sameRepo(a, b string) bool { return repoKey(a) == repoKey(b) }
