local panel = import 'panel.libsonnet';

[
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'dashboards' },
    data: { 'shop.json': std.manifestJsonEx(panel('Orders', std.extVar('cluster')), '  ') },
  },
  {
    apiVersion: 'kubernetes-client.io/v1',
    kind: 'ExternalSecret',
    metadata: { name: 'grafana-admin' },
    spec: {
      backendType: 'secretsManager',
      data: [{ key: 'grafana/admin', name: 'password', property: 'password' }],
    },
  },
]
