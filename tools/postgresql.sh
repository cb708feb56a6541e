#!/usr/bin/env bash
# Runs the database's tests on the newest versions of PostgreSQL, which Debian does not package. The other tests, and the
# mutation test, run on Debian's version. Versions as arguments; by default all. A test that is skipped is named with its
# reason. Without builds everything is skipped, which CI does not allow.
set -euo pipefail
builds=tools/postgresql

skip() {
	echo "skipped: $1" >&2
	[ -z "${CI:-}" ]
	exit
}
# install gets the builds, unless those of the lock file are there. An npm package has no symbolic links, and its script that
# makes them is not run by every npm: a file of each build lists them.
install() {
	cmp -s "$builds/package-lock.json" "$builds/node_modules/installed" && return
	npm --prefix "$builds" ci --ignore-scripts --no-audit --no-fund --silent || return
	node "$builds/links.mjs" "$builds"/node_modules/postgresql-* || return
	cp "$builds/package-lock.json" "$builds/node_modules/installed"
}
# run runs Go tests. Without -json neither a skipped test nor its reason would be seen.
run() { go test -count=1 -json "$@" | node "$builds/report.mjs"; }

[ "$(uname -m)" = x86_64 ] || skip "there are no builds of PostgreSQL for $(uname -m) in $builds/package.json"
install || skip "the builds of PostgreSQL in $builds/package.json could not be installed"
place=$(mktemp -d) # where the user that PostgreSQL runs as can enter
trap 'rm -rf "$place"' EXIT
chmod 755 "$place"
[ $# -gt 0 ] || set -- 17 18
for version in "$@"; do
	cp -r "$builds/node_modules/postgresql-$version/native" "$place/$version"
	"$place/$version/bin/initdb" --version >/dev/null # without both programs the tests would use the next server on PATH
	"$place/$version/bin/postgres" --version
	export PATH="$place/$version/bin:$PATH"
	run -skip='^TestMutants$' ./adapters/postgres ./db ./db/policy/... ./db/proof ./db/rules
	run -run='^TestTheProductionGuide$' ./app/streamspace
done
