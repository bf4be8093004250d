import "../shared/x.libsonnet"
