// Package access keeps who may read what when KES gives way to ESO.
//
// # What KES permits
//
// KES 8.5.5 asks before each poll of an object (lib/poller.js:154-163,
// _isPermitted in 250-345); a refusal is a failed sync, and the Secret stays as
// it is. Its rules, with lines of lib/poller.js:
//
//  1. A namespace without any annotation may read everything, or nothing if
//     ENFORCE_NAMESPACE_ANNOTATIONS is set (254-260). Set to what doesn't
//     matter (config/environment.js:45: in process.env).
//  2. The annotation permitted-key-name (the name can be changed by
//     NAMING_PERMITTED_ANNOTATION) is one JavaScript regular expression, made by
//     new RegExp(text) without flags (264-271): one, however many lines or
//     commas it has. A text that is no regular expression throws, so nothing is
//     permitted, not even an object without keys.
//  3. Absent or empty it permits everything, or nothing if annotations are
//     enforced (273-279).
//  4. Otherwise test has to find it, unanchored, in every data[].path and
//     data[].key that is there (282-300; properties where there is no data, 264)
//     and in every entry of dataFrom (303-314). The texts are compared as they
//     are written. A return inside of forEach ends nothing: all must match.
//     dataFromWithOptions, property, version, keyByName and projectId are never
//     looked at.
//  5. The role is roleArn, or vaultRole if that is empty, whatever the backend
//     (318); without one the second annotation isn't read (320-324), so
//     DEFAULT_VAULT_ROLE and AWS_INTERMEDIATE_ROLE_ARN are open to all.
//  6. The annotation permitted (ROLE_PERMITTED_ANNOTATION) absent or empty
//     permits every role, or none if annotations are enforced (326-333);
//     otherwise test has to find it in the role (334-339).
//
// An object is looked at only if its namespace is one of WATCHED_NAMESPACES
// (config/environment.js:52-60, lib/external-secret.js:90-110) and its
// controllerId is INSTANCE_ID, both empty included (lib/daemon.js:71).
//
// # What takes its place
//
// Conditions of a ClusterSecretStore hold namespaces off the store. The
// ValidatingAdmissionPolicy that AdmissionPolicy makes holds ExternalSecrets to
// the same expressions, translated by package pattern. See there for what it
// looks at, and Judge.Stricter for where it is stricter than KES was.
package access
