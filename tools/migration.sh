#!/usr/bin/env bash
# Creates the next migration. Numbers have no gaps, so that two migrations written in parallel conflict in git.
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
-- What this creates, in a sentence. The previous version must keep working during this migration and after it.
--
-- A call of rls.create_org_table_v1 creates a table of an organisation's rows, with its policies.
-- A statement that waits for a lock for one second fails, and the migration is retried. rls.backfill_v1 fills rows of an org
-- table, in a separate migration (CONTRIBUTING.md, Migrations). Before a new foreign key in an org table, which is checked
-- at once, write `alter table … no force row level security`, and after it `force row level security`.

-- +goose Down
SQL
echo "$file"
