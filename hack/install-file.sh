#!/usr/bin/env bash
# Prints the file for those who do not install with Helm: the namespace, and what the chart renders with its default values.
# What names Helm as the owner of the objects is left out.
#
#   hack/install-file.sh [version]      the version of the image; the chart's own without it
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.local/bin:$PATH"

version=${1:-$(sed -n 's/^appVersion: *//p' charts/frontdesk/Chart.yaml)}

cat config/manager/namespace.yaml
helm template frontdesk charts/frontdesk --namespace frontdesk-system --set-string "image.tag=$version,server.version=$version" |
  sed -E '/^ +(app\.kubernetes\.io\/managed-by: Helm|helm\.sh\/[a-z-]+: .*)$/d'
