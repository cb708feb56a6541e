-- +goose Up
-- Keys by which a client repeats a request that creates something, when it did not get the answer.

select rls.create_org_table_v1('idempotency_keys', $$
  user_id uuid not null default rls.current_user_id(),
  key text not null,
  fingerprint bytea not null,
  subject_id uuid not null,
  ends_at timestamptz not null default now() + interval '24 h',
  constraint idempotency_keys_pkey primary key (org_id, user_id, key),
  constraint idempotency_keys_of_member foreign key (org_id, user_id) references app.memberships (org_id, user_id) on delete cascade,
  constraint idempotency_keys_key_length check (length(key) between 1 and 255),
  constraint idempotency_keys_fingerprint_is_sha256 check (length(fingerprint) = 32)
$$, 'What a member created with which Idempotency-Key, for a day. A row is written together with what was created.', of_org => false);
comment on column app.idempotency_keys.fingerprint is 'The SHA-256 of the operation and of what the request said.';
comment on column app.idempotency_keys.subject_id is 'The id of what was created.';
create index idempotency_keys_ended on app.idempotency_keys (ends_at);

create policy own_only on app.idempotency_keys as restrictive for all to streamspace_app using (user_id = (select rls.current_user_id()));
create policy ended_delete on app.idempotency_keys as restrictive for delete to streamspace_app, streamspace_system
  using (ends_at < now());
comment on policy own_only on app.idempotency_keys is 'A key is of one member. Another member''s same key is another one.';
comment on policy ended_delete on app.idempotency_keys is 'A key stays for its day. Then its member can use it again, and background work removes it.';
grant select, insert (key, fingerprint, subject_id), delete on app.idempotency_keys to streamspace_app;
grant select (org_id, ends_at), delete on app.idempotency_keys to streamspace_system;
grant select on app.idempotency_keys to streamspace_definer;

set local role streamspace_definer;
create function rls.orgs_with_ended_keys(page int) returns table (org uuid)
  language sql stable security definer set search_path = pg_catalog, pg_temp
  as $$ select distinct k.org_id from app.idempotency_keys k where k.ends_at < now() limit least(page, 1000) $$;
comment on function rls.orgs_with_ended_keys(int) is 'Orgs with idempotency keys that have ended, which can be deleted.';
grant execute on function rls.orgs_with_ended_keys(int) to streamspace_system;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.orgs_with_ended_keys(int);
reset role;
drop table app.idempotency_keys;
