#!/usr/bin/env bash
# Runs the database's tests on the newest versions of PostgreSQL, which Debian does not package. The other tests, and the
# mutation test, run on Debian's version. Versions as arguments; by default all.
set -euo pipefail
builds=tools/postgresql
if [ "$(uname -m)" != x86_64 ]; then
	echo "skipped: there are no builds of PostgreSQL for $(uname -m) in $builds/package.json" >&2
	[ -z "${CI:-}" ]
	exit
fi
npm --prefix "$builds" ci --no-audit --no-fund --silent
place=$(mktemp -d) # where the user that PostgreSQL runs as can enter
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
[ $# -gt 0 ] || set -- 17 18
for version in "$@"; do
	cp -r "$builds/node_modules/postgresql-$version/native" "$place/$version"
	"$place/$version/bin/postgres" --version
	PATH="$place/$version/bin:$PATH" go test -count=1 -skip='^TestMutants$' \
		./adapters/postgres ./db ./db/policy/... ./db/proof ./db/rules
	PATH="$place/$version/bin:$PATH" go test -count=1 -run='^TestTheProductionGuide$' ./app/streamspace
done
