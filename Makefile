# Frontdesk. `make help` lists what there is to do.
#
# Everything that is built or run locally goes to .local/, which git ignores. Nothing is downloaded but
# Go modules (pinned by go.sum) and, for what is missing, Debian packages.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

LOCAL := .local
BIN := $(LOCAL)/bin

# One set of flags for every build: Go's build cache is shared between modules only where flags agree.
# Without debug information Kubernetes compiles an eighth faster; traces and profiles do not need it.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath -buildvcs=false -gcflags=all=-dwarf=false
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Tests on an API server use what is in .local/bin, with a wrapper that ends it when they are killed. envtest
# would prefer this variable, if it were set, and go around the wrapper.
unexport KUBEBUILDER_ASSETS

# The chart's appVersion is the one place where the version is written.
VERSION ?= $(shell sed -n 's/^appVersion: *//p' charts/frontdesk/Chart.yaml)
COMMIT ?= $(shell git describe --always --dirty --exclude '*' 2>/dev/null || echo unknown)
VERSION_PACKAGE := github.com/frontdesk-dev/frontdesk/internal/version
LDFLAGS := -s -w -X $(VERSION_PACKAGE).Version=$(VERSION) -X $(VERSION_PACKAGE).Commit=$(COMMIT)

# local: a cluster of our own, from Go modules. current: whatever kubectl points at. kind: a kind cluster.
CLUSTER ?= local
# More flags for the program that builds the image.
IMAGE_FLAGS ?=
# Where `make run` listens.
PORT ?= 8080
INTERNAL_PORT ?= 9090
# Where the demo and its cluster keep their state.
STATE ?= $(LOCAL)/demo
# How many tenants `make scale` makes; its limits are for a thousand.
SCALE_TENANTS ?= 1000

MODULES := . hack/cluster hack/image
STAGE := hack/stage.sh

##@ Run

.PHONY: demo
demo: $(BIN)/demo $(BIN)/cluster ## A cluster, the operator, a dentist, an appointment. CLUSTER=local|current|kind
	@$(BIN)/cluster tools helm $(if $(filter local,$(CLUSTER)),,kubectl)
	@$(BIN)/demo up --cluster $(CLUSTER) --state $(STATE)

.PHONY: demo-down
demo-down: $(BIN)/demo $(BIN)/cluster ## Take all of that away again
	@$(BIN)/demo down --cluster $(CLUSTER) --state $(STATE)

.PHONY: run
run: $(BIN)/server ## One server alone, with a sample tenant on SQLite: no cluster
	@$(BIN)/server --config config/standalone --data $(LOCAL)/standalone --log-format text \
	  --public-address 127.0.0.1:$(PORT) --internal-address 127.0.0.1:$(INTERNAL_PORT)

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*##"; printf "make <target>\n"} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-zA-Z0-9_-]+:.*?##/ {printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Develop

.PHONY: generate
generate: tool-controller-gen ## Code made from the API types (deep copies)
	@controller-gen object paths=./api/...

.PHONY: manifests
manifests: tool-controller-gen ## Definitions and rules made from types and markers, in config/ and in the chart
	@controller-gen crd paths=./api/... output:crd:dir=config/crd/bases
	@controller-gen rbac:roleName=frontdesk-operator paths=./controllers/... paths=./cmd/operator/... output:rbac:dir=config/rbac
	@rm -rf charts/frontdesk/files
	@mkdir -p charts/frontdesk/files/crds charts/frontdesk/files/rbac charts/frontdesk/files/policy
	@cp config/crd/bases/*.yaml charts/frontdesk/files/crds/
	@cp config/rbac/role.yaml charts/frontdesk/files/rbac/
	@cp config/policy/*_*.yaml charts/frontdesk/files/policy/

.PHONY: lint
lint: tool-golangci-lint tool-helm ## golangci-lint on every module, and the chart
	@failed=; for module in $(MODULES); do \
	  (cd $$module && golangci-lint run --config $(CURDIR)/.golangci.yml ./...) || failed+=" $$module"; \
	done; [[ -z $$failed ]] || { echo "lint failed in:$$failed" >&2; exit 1; }
	@helm lint --quiet --strict charts/frontdesk

.PHONY: verify-generated
verify-generated: ## Fails when generated files are not what types and markers make of them, and mends them
	@sums() { find api config charts -type f -exec sha256sum {} + | sort -k 2; }; \
	before=$$(sums); $(MAKE) generate manifests; \
	diff <(echo "$$before") <(sums) >&2 || { echo 'generated files were not current; they are now: commit them' >&2; exit 1; }

.PHONY: verify
verify: generate manifests ## Fails when generated files or go.mod are not what they should be
	@for module in $(MODULES); do (cd $$module && go mod tidy -diff && go mod verify >/dev/null); done
	@unclean=$$(git status --porcelain --untracked-files=all -- api config charts); \
	if [[ -n $$unclean ]]; then \
	  git --no-pager diff -- api config charts; \
	  printf 'generated files differ from what is committed; run make generate manifests and commit:\n%s\n' "$$unclean" >&2; exit 1; \
	fi

.PHONY: deps
deps: ## System packages that are missing (Debian; without root: what to install)
	@hack/deps.sh all

.PHONY: tools
tools: $(BIN)/cluster ## Every tool, built from Go modules into .local/bin
	@$(BIN)/cluster tools && $(BIN)/cluster tools envtest helm controller-gen golangci-lint

.PHONY: cluster-up cluster-down cluster-status
cluster-up: $(BIN)/cluster ## A local cluster, without anything of ours in it
	@$(BIN)/cluster up --state $(STATE)
cluster-down: $(BIN)/cluster ## Take it away
	@$(BIN)/cluster down --state $(STATE)
cluster-status: $(BIN)/cluster ## What runs, and where its kubeconfig is
	@$(BIN)/cluster status --state $(STATE)

.PHONY: clean
clean: ## Remove everything that was built; refuses while a cluster runs
	@if [[ -x $(BIN)/cluster ]] && $(BIN)/cluster status --state $(STATE) >/dev/null 2>&1; then \
	  echo "a cluster is running: make demo-down first" >&2; exit 1; fi
	@rm -rf $(LOCAL)

##@ Test

.PHONY: test
test: ## Everything, in stages; the end-to-end stage needs root on Linux
	@hack/test.sh

.PHONY: test-unit
test-unit: ## Pure packages, and the API over HTTP on SQLite
	@go test $$(hack/packages.sh unit)
	@for module in $(filter-out .,$(MODULES)); do (cd $$module && go test $$(go list ./... | grep -v '/e2e')); done

.PHONY: test-store
test-store: ## The store conformance suite on real Postgres and SQLite
	@go test $$(hack/packages.sh store)

.PHONY: test-chart
test-chart: tool-helm ## The chart, rendered by real Helm, and the file for those without
	@go test ./test/chart

.PHONY: test-schema
test-schema: tool-envtest tool-helm ## Every CEL rule accepted and refused by a real API server
	@go test $$(hack/packages.sh schema)

.PHONY: test-controllers
test-controllers: tool-envtest tool-helm ## The controllers on a real API server
	@KUBE_CACHE_MUTATION_DETECTOR=true go test $$(hack/packages.sh controllers) # what is in a cache is nobody's to change

.PHONY: test-tools
test-tools: $(BIN)/cluster
	@$(BIN)/cluster tools envtest
	@if ((EUID == 0)); then $(BIN)/cluster tools && $(BIN)/cluster tools helm kwok; fi

.PHONY: test-e2e
test-e2e: test-tools ## The demo and more on a real cluster with real pods (root, Linux)
	@go -C hack/cluster test -timeout 15m ./e2e/...
	@go test -tags e2e -count=1 -timeout 20m -parallel 8 -v ./test/e2e

.PHONY: fuzz
FUZZTIME ?= 20s
fuzz: ## Each fuzz target for FUZZTIME (20s)
	@grep -rlE '^func Fuzz' --include='*_test.go' internal controllers | xargs -n1 dirname | sort -u | while read -r folder; do \
	  for target in $$(grep -rhoE '^func Fuzz[A-Za-z0-9_]*' $$folder/*_test.go | cut -c6-); do \
	    go test ./$$folder -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME); \
	  done; done

##@ Measure

.PHONY: bench
bench: $(BIN)/server $(BIN)/bench $(BIN)/hello ## Speed, memory and starts, each beside a baseline; about five minutes. BENCH='-only slots -profiles out' and more
	@$(BIN)/bench $(BENCH)

.PHONY: scale
scale: $(BIN)/cluster $(BIN)/operator $(BIN)/scale ## The operator with SCALE_TENANTS (1000) tenants on a real control plane, about a quarter of an hour; needs root. SCALE='-steady 30s' and more
	@$(BIN)/cluster tools control-plane kwok
	@$(BIN)/scale -tenants $(SCALE_TENANTS) $(SCALE)

.PHONY: chaos
chaos: $(BIN)/server $(BIN)/chaos ## Kill servers and databases under racing clients, and judge. CHAOS_KILLS=200
	@$(BIN)/chaos

##@ Package

.PHONY: build
build: $(BIN)/operator $(BIN)/server ## Both programs, stamped with the version, into .local/bin

.PHONY: cli
cli: $(BIN)/kubectl-frontdesk ## The kubectl plugin, `kubectl frontdesk`, into .local/bin
	@install -m 755 hack/kubectl_complete-frontdesk $(BIN)/

.PHONY: image
image: $(BIN)/image ## One image with both programs, as an archive; no Docker
	@$(BIN)/image -root $(CURDIR) -version $(VERSION) -commit $(COMMIT) $(IMAGE_FLAGS)

.PHONY: chart
chart: manifests tool-helm ## The chart as an archive in dist/
	@helm package charts/frontdesk --destination dist

.PHONY: dist
dist: manifests tool-helm ## dist/install.yaml: everything in one file, for those who do not use Helm
	@mkdir -p dist
	@hack/install-file.sh $(VERSION) > dist/install.yaml

# --- how things are built -----------------------------------------------------------------------------

# Go knows better than make what is up to date, and answers from its cache at once. GOGC is for the compiler: with
# more room for garbage it takes a fifth less processor time.
.PHONY: FORCE
$(BIN)/operator $(BIN)/server $(BIN)/kubectl-frontdesk: $(BIN)/%: FORCE
	@GOGC=400 go build -ldflags '$(LDFLAGS)' -o $@ ./cmd/$*
$(BIN)/demo: FORCE
	@GOGC=400 go build -ldflags '$(LDFLAGS)' -o $@ ./hack/demo
$(BIN)/bench $(BIN)/chaos $(BIN)/scale: $(BIN)/%: FORCE
	@GOGC=400 go build -o $@ ./test/$*
$(BIN)/hello: FORCE
	@GOGC=400 go build -o $@ ./test/bench/hello
$(BIN)/cluster $(BIN)/image: $(BIN)/%: FORCE
	@GOGC=400 go -C hack/$* build -o $(CURDIR)/$@ .

# Tools come from the modules under hack/tools, which pin every byte; a stamp beside each says what it was
# built from, so this does nothing when they are current.
tool-%: $(BIN)/cluster
	@$(BIN)/cluster tools $*
