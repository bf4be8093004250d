[ { apiVersion: "v1", kind: "ConfigMap", metadata: { name: n }, data: { name: n } } for n in ["x", "y"] ]
