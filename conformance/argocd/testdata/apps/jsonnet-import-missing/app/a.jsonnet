import "nope.libsonnet"
