{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { hosts: importstr "../../../../../../../../../../../../../../../../../../../../etc/hosts" } }
