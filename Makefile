# Thin: .ci/run is what counts.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: build test lint update bench ci

build: ## one static binary in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/kesbridge ./cmd/kesbridge

test:
	go test ./...

lint:
	go vet ./...
	@test -z "$$(gofmt -l cmd internal render examples bench)" || { gofmt -l cmd internal render examples bench; exit 1; }
	go run $(STATICCHECK) ./...

update: ## rewrite goldens and generated files; read the diff
	.ci/update

bench: ## minutes; see bench/README.md
	cd bench && go run .

ci:
	.ci/run
