#!/usr/bin/env bash
# Prints the packages of one test stage. A package belongs to the stage of what its tests start, which
# shows in what they import, so a new package needs no entry anywhere.
#
#   hack/packages.sh unit|store|schema|controllers
set -euo pipefail

stage=${1:?which stage: unit, store, schema or controllers}
module=$(go list -m)

go list -f '{{.ImportPath}} {{join .TestImports ","}},{{join .XTestImports ","}},' ./... |
  while read -r package imports; do
    case "$package $imports" in
    "$module/test/chart "* | "$module/test/e2e "*) continue ;; # stages of their own
    "$module/api/"* | "$module/test/admission "*) belongs=schema ;;
    *"$module/internal/testing/kubetest,"* | "$module/internal/testing/kubetest "*) belongs=controllers ;;
    *"$module/internal/testing/pgtest,"* | *"$module/internal/store/storetest,"* | "$module/internal/testing/pgtest "*) belongs=store ;;
    *) belongs=unit ;;
    esac
    [[ $belongs == "$stage" ]] && echo "$package"
  done || true
