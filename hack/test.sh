#!/usr/bin/env bash
# What `make test` does: every stage in turn, from the quickest to the whole thing on a real cluster.
# It stops at the first stage that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

stage() { hack/stage.sh "$@"; }
began=$SECONDS

why_no_cluster() {
  if [[ $(uname -s) != Linux ]]; then echo "it needs Linux, and this is $(uname -s)"; fi
  if ((EUID != 0)); then echo "it needs root (namespaces, mounts, iptables), and this is user $(id -un)"; fi
}
reason=$(why_no_cluster)

# End-to-end tests build former releases from git's history. A shallow clone and an unpacked archive do not have it.
missing_releases() {
  local commit
  for commit in $(grep -oE '\b[0-9a-f]{40}\b' test/e2e/releases_test.go); do
    [[ -e .local/releases/$commit.tar ]] || git cat-file -e "$commit^{commit}" 2>/dev/null || echo "$commit"
  done
}

stage "System packages" hack/deps.sh "$([[ -z $reason ]] && echo all || echo test)"
stage "Generated files are what types and markers make of them" make verify-generated
stage "Unit: pure packages, API and dashboard over HTTP" make test-unit
stage "Stores: one conformance suite on real Postgres and SQLite" make test-store
stage "Chart: rendered by real Helm" make test-chart
stage "Tools: etcd, Kubernetes, containerd from Go modules (minutes the first time)" make test-tools
stage "Schema: rules accepted and refused by a real API server" make test-schema
stage "Controllers on a real API server" make test-controllers
missing=$(missing_releases)
if [[ -z $reason ]]; then
  if [[ -n $missing ]]; then export FRONTDESK_E2E_WITHOUT_HISTORY=1; fi
  stage "End to end: the demo and more on a real cluster with real pods" make test-e2e
else
  printf '\n── End to end: SKIPPED, because %s.\n' "$(paste -sd ';' <<<"$reason")"
  echo "   Run it as root on Linux: sudo make test-e2e"
fi
if [[ -z $reason && -n $missing ]]; then
  printf '\n── Former releases: SKIPPED, because this clone has no commit %s.\n' "$(paste -sd ' ' <<<"$missing")"
  echo "   Upgrades from them, and servers of theirs, were not tested. Get the history: git fetch --unshallow"
fi
printf '\nall stages passed in %d min %d s\n' $(((SECONDS - began) / 60)) $(((SECONDS - began) % 60))
