{ apiVersion: "example.com/v1", kind: "N", metadata: { name: "n" }, spec: { i: 1, f: 1.5, e: 1e21, big: 9007199254740993, neg: -0.1, third: 1 / 3, unicode: "grün   <&>", empty: {}, list: [] } }
