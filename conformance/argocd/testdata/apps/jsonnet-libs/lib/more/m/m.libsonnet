{ cm: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data: {} } }
