# Frontdesk. `make help` lists what there is to do.
#
# Everything that is built or run locally goes to .local/, which git ignores. Nothing is downloaded but
# Go modules (pinned by go.sum) and, for what is missing, Debian packages.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

LOCAL := $(CURDIR)/.local
BIN := $(LOCAL)/bin
GEN := $(LOCAL)/verify

# One set of flags for every build: Go's build cache is shared between modules only where flags agree.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -buildvcs=false
export PATH := $(BIN):$(PATH)
# Where envtest and the local cluster find etcd, kube-apiserver and kubectl.
export KUBEBUILDER_ASSETS := $(BIN)

# The chart's appVersion is the one place where the version is written.
VERSION ?= $(shell sed -n 's/^appVersion: *//p' charts/frontdesk/Chart.yaml)
COMMIT ?= $(shell git describe --always --dirty --exclude '*' 2>/dev/null || echo unknown)
VERSION_PACKAGE := github.com/frontdesk-dev/frontdesk/internal/version
LDFLAGS := -s -w -X $(VERSION_PACKAGE).Version=$(VERSION) -X $(VERSION_PACKAGE).Commit=$(COMMIT)

# local: a cluster of our own, from Go modules. current: whatever kubectl points at. kind: a kind cluster.
CLUSTER ?= local
# Where the demo and its cluster keep their state.
STATE ?= $(LOCAL)/demo

MODULES := . hack/cluster hack/image
STAGE := hack/stage.sh

##@ Run

.PHONY: demo
demo: $(BIN)/demo demo-tools ## A cluster, the operator, a dentist, an appointment. CLUSTER=local|current|kind
	@$(BIN)/demo up --cluster $(CLUSTER) --state $(STATE)

.PHONY: demo-down
demo-down: $(BIN)/demo ## Take all of that away again
	@$(BIN)/demo down --cluster $(CLUSTER) --state $(STATE)

.PHONY: run
run: $(BIN)/server ## One server alone, with a sample tenant on SQLite: no cluster
	@$(BIN)/server --config config/standalone

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*##"; printf "make <target>\n"} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-zA-Z0-9_-]+:.*?##/ {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
