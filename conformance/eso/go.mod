module kesbridge/conformance/eso

go 1.26.0
