#!/usr/bin/env bash
# Runs the whole proof of isolation and writes its figures to docs/security: the audit of a new database, the mutations of
# its catalogue, the route matrix, and a random attack of ATTACK_REQUESTS requests.
set -euo pipefail

requests=${ATTACK_REQUESTS:-1000000}
log=$(mktemp)
mutants=$(mktemp)
trap 'rm -f "$log" "$mutants" docs/security/{audit,proof}.md.new' EXIT

go run ./db/policy/report >docs/security/audit.md.new
mv docs/security/audit.md.new docs/security/audit.md

go test -count=1 -run '^TestRouteMatrix$' -v ./app/attack >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
matrix=$(sed -n 's/^ *matrix_test.go:[0-9]*: //p' "$log")

ATTACK_REQUESTS=$requests go test -count=1 -timeout=12h -run '^TestAttack$' -v ./app/attack >"$log" 2>&1 ||
	{ tail -n 100 "$log" >&2; exit 1; }
attack=$(sed -n 's/^ *attack_test.go:[0-9]*: attack: //p' "$log")

go test -count=1 -timeout=60m -run '^TestMutants$' ./db/proof -all -report "$mutants" >"$log" 2>&1 ||
	{ tail -n 100 "$log" >&2; exit 1; }

{
	cat <<'MD'
# The proof in figures

Written by `make proof`. What each part shows, and what none of them does, is in [threat-model.md](threat-model.md).

## The catalogue, attacked by mutation

Every weakening of the catalogue that can be generated from it, each in a transaction that is rolled back, before three checkers that know
nothing of each other: the rules of `rls.violations`, the manifest of the whole catalogue, and the behaviour that each role is promised.

MD
	cat "$mutants"
	cat <<MD

## Every route, every caller

$(sed 's/^matrix: //; s/^/- /' <<<"$matrix")

## The random attack

Callers of two to five organisations ask at random through HTTP, streams and the agents' tunnel while their rights change; a model says what
each must be answered, and no answer, stream, log line, metric or row holds another organisation's canary.

- $attack

## The audit

$(sed -n '/^| Proof/,/^$/p' docs/security/audit.md)
The whole report, as a DBA gets it, is [audit.md](audit.md).
MD
} >docs/security/proof.md.new
mv docs/security/proof.md.new docs/security/proof.md
