[{ apiVersion: "v1", kind: "List", items: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: {} }] }, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b" }, data: {} }]
