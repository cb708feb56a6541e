#!/usr/bin/env bash
# Runs the console's tests in headless Chromium and fails when there were none.
set -euo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT
npm --prefix app/console test 2>&1 | tee "$log"
if ! grep -qE '^(#|ℹ) pass [1-9]' "$log"; then
	echo "No browser test ran." >&2
	exit 1
fi
