#!/usr/bin/env bash
# Runs one stage of a longer job: says what it does, and how long it took.
#
#   hack/stage.sh "Stores on real databases" make test-store
set -euo pipefail

title=$1
shift
if [[ -t 1 ]]; then bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'; else bold='' red='' green='' plain=''; fi

printf '\n%s── %s%s\n' "$bold" "$title" "$plain"
SECONDS=0
if "$@"; then
  printf '%s✓%s %s (%d s)\n' "$green" "$plain" "$title" "$SECONDS"
else
  code=$?
  printf '%s✗ %s failed after %d s%s: %s\n' "$red" "$title" "$SECONDS" "$plain" "$*" >&2
  exit "$code"
fi
