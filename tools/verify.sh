#!/usr/bin/env bash
# Fails when a generated file, tracked or not, differs from the committed one. Arguments are the generated paths.
set -euo pipefail

if [ -n "$(git status --porcelain -- "$@")" ]; then
	git --no-pager diff -- "$@"
	git status --short -- "$@"
	echo "Generated files differ from their sources: run \`make generate\` and commit what it writes." >&2
	exit 1
fi
