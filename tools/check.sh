#!/usr/bin/env bash
# Lists required programs that are missing or too old, and says how to install them.
set -euo pipefail

missing=0
need() {
	echo "$1 is needed: $2" >&2
	missing=1
}
# at_least WANTED HAVE
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

if ! command -v go >/dev/null || ! at_least 1.26 "$(go env GOVERSION | sed 's/^go//')"; then
	need "Go 1.26 or later" "https://go.dev/doc/install"
fi
if ! command -v node >/dev/null || ! at_least 20.19 "$(node --version | sed 's/^v//')"; then
	need "Node 20.19 or later" "https://nodejs.org/en/download"
fi
if ! command -v npm >/dev/null; then
	need "npm" "it comes with Node: https://nodejs.org/en/download"
fi
exit "$missing"
