local x = import "lib/x.libsonnet"; [x { data+: { text: importstr "lib/text.txt", bin: std.toString(importbin "lib/text.txt") } }, import "lib/data.json"]
