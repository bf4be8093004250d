(import "y.libsonnet") { data: { x: "1" } }
