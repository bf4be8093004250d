function(name, extra, other="default")
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: name }, data: { other: other } + extra }
