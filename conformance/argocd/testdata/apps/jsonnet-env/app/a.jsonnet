function(code) { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { app: std.extVar("app"), source: std.extVar("source"), other: std.extVar("other"), code: code } }
