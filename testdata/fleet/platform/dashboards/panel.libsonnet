function(title, cluster) { title: title, cluster: cluster, type: 'timeseries' }
