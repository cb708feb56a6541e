#!/usr/bin/env bash
# Runs the Go tests. Fails when a package with tests ran none: `go test` reports success for an empty pattern and for tests
# that a build tag excludes. Arguments are passed to `go test`.
set -euo pipefail

with_tests=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | grep -c . || true)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test -count=1 -timeout=15m "$@" ./... 2>&1 | tee "$log"

ran=$(grep '^ok ' "$log" | grep -vc 'no tests to run' || true)
echo "$ran of $with_tests packages with tests ran them"
if [ "$with_tests" -eq 0 ] || [ "$ran" -ne "$with_tests" ]; then
	exit 1
fi
