#!/usr/bin/env bash
# Makes the next migration: numbered without gaps, so that two that were written at once collide where git sees it.
set -euo pipefail

name=${1:-}
if ! [[ $name =~ ^[a-z][a-z0-9_]*$ ]]; then
	echo "usage: make db/new name=lower_snake" >&2
	exit 2
fi
last=$(find db/migrations -name '[0-9]*_*.sql' -printf '%f\n' | sort | tail -n 1 | cut -d_ -f1)
file=db/migrations/$(printf '%05d' $((10#${last:-0} + 1)))_$name.sql
cat >"$file" <<'SQL'
-- +goose Up
-- What this makes, in a sentence. The version before must go on working while it runs, and after it.
--
-- A table of an organisation's rows is one call of rls.create_org_table_v1, which comes with its policies.
-- A statement that waits for a lock for a second fails, and the migration is tried again. Rows of an org table are filled by
-- rls.backfill_v1, in a migration of its own (CONTRIBUTING.md, Migrations). A new foreign key in an org table, which is
-- checked at once, says `alter table … no force row level security` first and `force row level security` last.

-- +goose Down
SQL
echo "$file"
