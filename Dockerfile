# The image of Frontdesk: the server (one per tenant) and the operator, for
# people who have Docker. `make image` builds an equivalent one from Go alone.
#
#   docker build --build-arg VERSION=0.1.0 --build-arg COMMIT=$(git rev-parse --short=12 HEAD) \
#     --tag frontdesk/frontdesk:0.1.0 .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG TARGETARCH
ARG VERSION=0.0.0-dev
ARG COMMIT=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=linux GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -o /out/ \
      -ldflags "-s -w -X github.com/frontdesk-dev/frontdesk/internal/version.Version=$VERSION -X github.com/frontdesk-dev/frontdesk/internal/version.Commit=$COMMIT" \
      ./cmd/server ./cmd/operator \
    && cp "$(go env GOROOT)/lib/time/zoneinfo.zip" /out/zoneinfo.zip

# No shell, no package manager, no writable directory: only what the programs need.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/zoneinfo.zip /usr/share/zoneinfo.zip
COPY --from=build /out/server /out/operator /
ARG VERSION=0.0.0-dev
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="Frontdesk" \
      org.opencontainers.image.description="Appointment booking by phone, SMS and web: server and operator" \
      org.opencontainers.image.source="https://github.com/frontdesk-dev/frontdesk" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
ENV ZONEINFO=/usr/share/zoneinfo.zip
# A number, so that Kubernetes can tell that it is not root.
USER 65532:65532
ENTRYPOINT ["/server"]
