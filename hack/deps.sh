#!/usr/bin/env bash
# Installs the system packages that tests and the local cluster need and that are missing.
# Asks for nothing when everything is there; without root it prints the command to run instead.
#
#   hack/deps.sh test       what the tests need that run without root
#   hack/deps.sh cluster    what a local cluster with real pods needs (Linux, root)
#   hack/deps.sh all        both
set -euo pipefail

missing=()

# need <package> <command...>: the package is missing unless one of the commands is found, on the
# PATH or where Debian keeps it.
need() {
  local package=$1 command found
  shift
  for command in "$@"; do
    case $command in
    /*) found=$(compgen -G "$command" | head -n 1 || true) ;;
    *) found=$(PATH=$PATH:/usr/sbin:/sbin command -v "$command" || true) ;;
    esac
    [[ -n $found ]] && return
  done
  missing+=("$package")
}

test_packages() {
  need ca-certificates "/etc/ssl/certs/ca-certificates.crt"
  need postgresql initdb "/usr/lib/postgresql/*/bin/initdb" # stores: every test runs servers of its own
  need redis-server redis-server # rate limits and caches that replicas share
  need chromium chromium # the dashboard in a browser
  need prometheus promtool # runs the alerts against made-up series
}

cluster_packages() {
  need runc runc
  need iptables iptables
  need iproute2 ip
  need mount mount
}

case ${1:-all} in
test) test_packages ;;
cluster) cluster_packages ;;
all) test_packages && cluster_packages ;;
*) echo "usage: hack/deps.sh [test|cluster|all]" >&2 && exit 2 ;;
esac

((${#missing[@]})) || exit 0

if ((EUID != 0)); then
  echo "These packages are missing: ${missing[*]}" >&2
  echo "Install them with: sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
if ! command -v apt-get >/dev/null; then
  echo "This machine has no apt-get. Install the equivalents of these Debian packages: ${missing[*]}" >&2
  exit 1
fi

echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
# A fresh image has no package lists, and an old list names files that are gone: update first, once.
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
