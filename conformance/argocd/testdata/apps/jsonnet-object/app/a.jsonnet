{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { x: "1", y: std.toString(1 + 1) } }
