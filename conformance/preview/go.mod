module kesbridge/conformance/preview

go 1.26.0
