// Package accesstest is the table of who may read what: namespaces, KES
// objects, and what KES and the admission policy say. The tests of package
// access read it, and those of conformance/preview/access, on an API server.
package accesstest

import (
	"strings"

	"kesbridge/internal/access"
)

// Group is one KES and one policy.
type Group struct {
	Name     string
	Settings access.Settings
	Cases    []Case
}

// Case is one KES object in a namespace of its own.
type Case struct {
	// Name is the namespace too, behind the group's, and the object.
	Name string
	// KeyName and Role are annotations; nil: there is none.
	KeyName, Role *string
	// Live are the annotations in the cluster where Git holds others.
	Live map[string]string
	// Spec is the rest of the KES object, YAML in braces. What stands in Extra
	// are annotations of it.
	Spec  string
	Extra string
	// KES and Policy permit it. Both answers of KES were taken from KES 8.5.5's
	// own code (lib/poller.js, run by Node).
	KES, Policy bool
	// Why they differ, where they do.
	Why string
}

func p(s string) *string { return &s }

// key is a KES object with one key.
func key(k string) string {
	return "{backendType: secretsManager, data: [{name: x, key: " + k + "}]}"
}

func same(name string, keyName *string, spec string, ok bool) Case {
	return Case{Name: name, KeyName: keyName, Spec: spec, KES: ok, Policy: ok}
}

func roles(name string, keyName, role *string, spec string, ok bool) Case {
	return Case{Name: name, KeyName: keyName, Role: role, Spec: spec, KES: ok, Policy: ok}
}

const teamRole = `arn:aws:iam::123456789012:role/team-a-.*`

func withRole(role, k string) string {
	return "{backendType: secretsManager, roleArn: 'arn:aws:iam::123456789012:role/" + role + "', data: [{name: x, key: " + k + "}]}"
}

func vault(rest string) string {
	return "{backendType: vault, vaultMountPoint: kubernetes, vaultRole: team-a, " + rest + "}"
}

// Groups is the table.
func Groups() []Group {
	return []Group{
		{Name: "plain", Cases: append(append(append(texts(), backends()...), roleCases()...), differences()...)},
		{Name: "enforce", Settings: access.Settings{Enforce: true}, Cases: enforced()},
		{Name: "names", Settings: access.Settings{KeyName: "example.com/keys", Role: "example.com/roles"}, Cases: []Case{
			{Name: "default-name", Live: map[string]string{access.DefaultKeyName: "^team-a/", access.DefaultRole: "^none$"}, Spec: withRole("x", "team-b/db"), KES: true, Policy: true},
			same("own-name", p("^team-a/"), key("team-a/db"), true),
			same("own-name-other", p("^team-a/"), key("team-b/db"), false),
			roles("own-role", nil, p(teamRole), withRole("team-a-db", "any"), true),
			roles("own-role-other", nil, p(teamRole), withRole("team-b-db", "any"), false),
		}},
		{Name: "watched", Settings: access.Settings{Watched: []string{"watched-in", "watched-in-other"}}, Cases: []Case{
			same("in", p("^team-a/"), key("team-a/db"), true),
			same("in-other", p("^team-a/"), key("team-b/db"), false),
			same("out", nil, key("team-a/db"), false),
		}},
	}
}

// texts: what the expressions mean.
func texts() []Case {
	const a, b = "team-a/db", "team-b/db"
	return []Case{
		same("nothing", nil, key(a), true),
		same("empty", p(""), key(a), true),
		same("match", p("^team-a/"), key(a), true),
		same("no-match", p("^team-a/"), key(b), false),
		same("anywhere", p("team-a"), key("x/team-a/y"), true),
		same("one-of-two", p("^team-a/"), "{backendType: secretsManager, data: [{name: x, key: team-b/db}, {name: w, key: team-a/db}]}", false),
		same("both", p("^team-[ab]/"), "{backendType: secretsManager, data: [{name: x, key: team-b/db}, {name: w, key: team-a/db}]}", true),
		same("data-from", p("^team-a/"), "{backendType: secretsManager, dataFrom: [team-a/db]}", true),
		same("data-from-other", p("^team-a/"), "{backendType: secretsManager, dataFrom: [team-a/db, team-b/db]}", false),
		same("data-from-good", p("^team-a/"), "{backendType: secretsManager, dataFrom: [team-a/db], data: [{name: x, key: team-b/db}]}", false),
		same("with-options", p("^team-a/"), "{backendType: secretsManager, dataFromWithOptions: [{key: team-a/db, versionStage: OLD}]}", true),
		same("invalid", p("team-(a"), key("team-(a"), false),
		same("either", p("^(team-a|team-b)/"), key(b), true),
		same("upper-case", p("^Team-a/"), key(a), false),
		same("to-the-end", p("^team-a/db$"), key("team-a/db2"), false),
		same("any-character", p("^team.a/"), key("teamXa/db"), true),
		same("digits", p(`^db-\d+$`), key("db-42"), true),
		same("other-digits", p(`^db-\d+$`), key(`"db-\u0663"`), false),
		same("blank", p(`^a\sb$`), key(`"a\u00A0b"`), true),
		same("line-separator", p(`^a.b$`), key(`"a\u2028b"`), false),
		same("not-a-word", p(`\bdb\b`), key(`"xdb\u00E9"`), false),
		same("word", p(`\bdb\b`), key(`"\u00E9db"`), true),
		same("brace", p("^{team}/"), key("'{team}/db'"), true),
		same("anything", p("^[^]/x$"), key("a/x"), true),
		same("escaped-slash", p(`^team-a\/(db|web)$`), key("team-a/web"), true),
		same("hexadecimal", p(`^\x74eam\u002da/`), key(a), true),
		same("two-lines", p("^team-a/\n^team-b/"), key(a), false),
		same("comma", p("team-a,team-b"), key(a), false),
		same("many", p("^[^/]+/.*$"), key(`"team-a/\U0001F600"`), true),
		same("named-group", p(`^(?<team>team-[a-z])/`), key(a), true),
		same("reluctant", p(`^.*?/db$`), key(a), true),
		same("repeated", p(`^(?:[a-z-]{2,6}/){1,2}db$`), key(a), true),
		same("repeated-other", p(`^(?:[a-z-]{2,5}/){1,2}db$`), key(a), false),
		same("long", p("^(?:"+strings.Repeat("another-team|", 80)+"team-a)/"), key(a), true),
		same("accent", p("^caf\u00E9/"), key(`"caf\u00E9/x"`), true),
		same("quotes", p(`^"x\u0022`), key(`'"x"'`), true),
		same("backslash", p(`^a\\`), key(`'a\b'`), true),
		same("never", p("[]"), key(a), false),
		{Name: "gone-in-cluster", KeyName: p("^team-a/"), Live: map[string]string{}, Spec: key(b), KES: true, Policy: true},
		{Name: "other-in-git", KeyName: p("^team-b/"), Live: map[string]string{access.DefaultKeyName: "^team-a/"}, Spec: key(b), KES: false, Policy: false},
		{Name: "exact", KeyName: p("^team-a/"), Spec: "{backendType: secretsManager, dataFrom: [team-a/db]}", Extra: "kesbridge/fidelity: exact", KES: true, Policy: true},
		{Name: "exact-other", KeyName: p("^team-a/"), Spec: "{backendType: secretsManager, dataFrom: [team-b/db], data: [{name: x, key: team-a/db}]}", Extra: "kesbridge/fidelity: exact"},
	}
}

// backends: keys as each backend writes them.
func backends() []Case {
	const id = "0b5571f7-21e6-42b7-91c5-3f5ac9793a46"
	return []Case{
		same("path", p("^/dev/"), "{backendType: systemManager, data: [{path: /dev/app}]}", true),
		same("path-other", p("^/dev/"), "{backendType: systemManager, data: [{path: /prod/app, recursive: true}]}", false),
		same("path-slash", p("^/dev/app/"), "{backendType: systemManager, data: [{path: /dev/app/}]}", true),
		same("path-root", p("^/$"), "{backendType: systemManager, data: [{path: /, recursive: true}]}", true),
		same("path-and-key", p("^/dev/"), "{backendType: systemManager, data: [{path: /dev/app}, {name: x, key: /prod/db}]}", false),
		same("parameter", p("^/dev/"), "{backendType: systemManager, data: [{name: x, key: '/dev/db:3'}]}", true),
		same("vault", p("^secret/data/team-a/"), vault("data: [{name: x, key: secret/data/team-a/db, property: q}]"), true),
		same("vault-other", p("^secret/data/team-a/"), vault("data: [{name: x, key: secret/data/team-b/db, property: q}]"), false),
		same("vault-slash", p("^/secret/data/team-a/"), vault("data: [{name: x, key: /secret/data/team-a/db, property: q}]"), true),
		same("vault-kv1", p("^secret/team-a/"), vault("kvVersion: 1, data: [{name: x, key: secret/team-a/db, property: q}]"), true),
		same("vault-from", p("^secret/data/team-a/"), vault("dataFrom: [secret/data/team-a/db]"), true),
		same("vault-from-other", p("^secret/data/team-a/"), vault("dataFrom: [secret/data/team-b/db]"), false),
		same("vault-version", p(`^secret/data/team-a/[a-z]+\?version=\d+$`), vault(`data: [{name: x, key: "secret/data/team-a/db?version=3", property: q}]`), true),
		same("vault-version-other", p(`^secret/data/team-a/[a-z]+$`), vault(`data: [{name: x, key: "secret/data/team-a/db?version=3", property: q}]`), false),
		same("ibm-name", p("^team-a-"), "{backendType: ibmcloudSecretsManager, keyByName: true, data: [{name: x, key: team-a-db, secretType: username_password, property: username}]}", true),
		same("ibm-type", p("^username_password/"), "{backendType: ibmcloudSecretsManager, keyByName: true, data: [{name: x, key: team-a-db, secretType: username_password, property: username}]}", false),
		same("ibm-group", p("^default"), "{backendType: ibmcloudSecretsManager, keyByName: true, data: [{name: x, key: team-a-db, secretType: username_password, property: username}]}", false),
		same("ibm-id", p("^0b5571f7-"), "{backendType: ibmcloudSecretsManager, data: [{name: x, key: "+id+", secretType: arbitrary, property: payload}]}", true),
		same("gcp", p("^team-a-"), "{backendType: gcpSecretsManager, projectId: shop, data: [{name: x, key: team-a-db, version: 3}]}", true),
		same("gcp-project", p("^shop"), "{backendType: gcpSecretsManager, projectId: shop, data: [{name: x, key: team-a-db}]}", false),
		same("azure", p("^team-a-"), "{backendType: azureKeyVault, keyVaultName: shop, data: [{name: x, key: team-b-db}]}", false),
		same("akeyless", p("^/team-a/"), "{backendType: akeyless, data: [{name: x, key: /team-a/db}]}", true),
		same("version-id", p("^team-a/"), "{backendType: secretsManager, data: [{name: x, key: team-a/db, versionId: 7b0f}, {name: w, key: team-a/db, versionStage: OLD, property: z}]}", true),
		same("version-text", p("uuid"), "{backendType: secretsManager, data: [{name: x, key: team-a/db, versionId: uuid}]}", false),
	}
}

func roleCases() []Case {
	return []Case{
		roles("role", nil, p(teamRole), withRole("team-a-db", "any"), true),
		roles("role-other", nil, p(teamRole), withRole("team-b-db", "any"), false),
		roles("role-none", nil, p(teamRole), key("any"), true),
		roles("role-empty", nil, p(""), withRole("team-b-db", "any"), true),
		roles("role-invalid", nil, p("*"), withRole("team-a-db", "any"), false),
		roles("role-invalid-none", nil, p("*"), key("any"), true),
		roles("role-good-key-bad", p("^team-a/"), p(teamRole), withRole("team-a-db", "team-b/db"), false),
		roles("role-bad-key-good", p("^team-a/"), p(teamRole), withRole("team-b-db", "team-a/db"), false),
		roles("role-and-key", p("^team-a/"), p(teamRole), withRole("team-a-db", "team-a/db"), true),
		roles("role-parameters", nil, p("role/team-a-db$"), "{backendType: systemManager, region: eu-west-1, roleArn: 'arn:aws:iam::123456789012:role/team-a-db', data: [{path: /dev}]}", true),
		roles("vault-role", nil, p("^team-a$"), vault("data: [{name: x, key: secret/data/team-b/db, property: q}]"), true),
		roles("vault-role-other", nil, p("^team-b$"), vault("data: [{name: x, key: secret/data/team-b/db, property: q}]"), false),
		roles("vault-role-mount", nil, p("^kubernetes$"), vault("data: [{name: x, key: secret/data/team-b/db, property: q}]"), false),
	}
}

func enforced() []Case {
	return []Case{
		same("nothing", nil, key("any"), false),
		{Name: "other-annotation", Live: map[string]string{"example.com/x": "y"}, Spec: key("any")},
		same("empty", p(""), key("any"), false),
		same("key", p("^team-a/"), key("team-a/db"), true),
		same("key-other", p("^team-a/"), key("team-b/db"), false),
		same("all", p(".*"), key("any"), true),
		same("role-missing", p(".*"), withRole("team-a-db", "any"), false),
		roles("role-empty", p(".*"), p(""), withRole("team-a-db", "any"), false),
		roles("role", p(".*"), p(teamRole), withRole("team-a-db", "any"), true),
		roles("role-other", p(".*"), p(teamRole), withRole("team-b-db", "any"), false),
		roles("role-only", nil, p(teamRole), withRole("team-a-db", "any"), false),
	}
}

// differences are all that are known.
func differences() []Case {
	return []Case{
		{
			Name: "with-options-other", KeyName: p("^team-a/"), Spec: "{backendType: secretsManager, dataFromWithOptions: [{key: team-b/db}]}", KES: true,
			Why: "KES never looked at dataFromWithOptions, so it read any key; the policy can't tell it from dataFrom",
		}, {
			Name: "fragment", KeyName: p("team-a/"), Spec: vault(`data: [{name: x, key: "secret/data/team-b/db#team-a/", property: q}]`), KES: true,
			Why: "KES compared what is no part of the request",
		}, {
			Name: "escaped", KeyName: p("^secret/data/team%20a/"), Spec: vault(`data: [{name: x, key: secret/data/team%20a/db, property: q}]`), KES: true,
			Why: "ESO escapes keys itself, so that the text is another",
		}, {
			Name: "two-roles", Role: p("^good$"), Spec: vault("roleArn: good, data: [{name: x, key: secret/data/a/b, property: q}]"), KES: true,
			Why: "KES compared roleArn, which Vault doesn't have, and took vaultRole unseen",
		}, {
			Name: "foreign-role", Role: p("^good$"), Spec: "{backendType: secretsManager, vaultRole: bad, data: [{name: x, key: any}]}", Policy: true,
			Why: "KES refused because of a field that means nothing to the backend; without it, it permitted the same",
		}, {
			Name: "lookahead", KeyName: p("^(?!prod)"), Spec: key("dev/db"), KES: true,
			Why: "RE2 has no lookahead (KES209)",
		}, {
			Name: "unknown-in-git", KeyName: p("^team-a/"), Live: map[string]string{access.DefaultKeyName: "^team-[a-c]/"}, Spec: key("team-a/db"), KES: true,
			Why: "the annotation changed since the policy was made",
		}, {
			Name: "dots", KeyName: p("^secret/data/team-a/"), Spec: vault("data: [{name: x, key: secret/data/team-a/../team-b/db, property: q}]"), KES: true,
			Why: "ESO cleans the path and reads another secret",
		}, {
			Name: "path-without-slash", KeyName: p("^/dev/app/"), Spec: "{backendType: systemManager, data: [{path: /dev/app}]}", Policy: true,
			Why: "/dev/app and /dev/app/ are the same parameters and the same ESO object; KES permitted one spelling",
		}, {
			Name: "two-units", KeyName: p("^x/..$"), Spec: key(`"x/\U0001F600"`), KES: true,
			Why: "JavaScript counts a character outside the BMP twice",
		}, {
			Name: "repeated-name", KeyName: p("^team-a/"), Spec: "{backendType: secretsManager, data: [{name: x, key: team-b/db}, {name: x, key: team-a/db}]}", Policy: true,
			Why: "KES compared an entry whose value it then threw away; the ESO object doesn't have it",
		},
	}
}
