local k = import "k.libsonnet"; local m = import "m/m.libsonnet"; [k.cm("a"), m.cm]
