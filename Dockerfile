# kesbridge as a sidecar of argocd-repo-server (docs/argocd.md):
#
#   docker build --build-arg VERSION=1.0.0 -t kesbridge:1.0.0 .
#
# On a laptop or in CI: docker run --rm --entrypoint kesbridge -v "$PWD:/repo" -w /repo kesbridge:1.0.0 render apps/shop
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY internal internal
COPY render render
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X kesbridge/internal/cli.version=${VERSION}" -o /out/kesbridge ./cmd/kesbridge

# No shell, no git, no helm, no kustomize: what an app's author smuggles in finds nothing to start. The pod mounts /tmp (an
# emptyDir of its own), argocd-cmp-server and the directory of plugin sockets; the root file system may be read-only.
FROM scratch
ENV PATH=/usr/local/bin
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/kesbridge /usr/local/bin/kesbridge
COPY LICENSE /LICENSE
COPY plugin.yaml /home/argocd/cmp-server/config/plugin.yaml
USER 999
ENTRYPOINT ["/var/run/argocd/argocd-cmp-server"]
