{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { color: std.extVar("color"), count: std.toString(std.extVar("count")), plain: std.extVar("plain") } }
