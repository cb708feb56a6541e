-- +goose Up
-- API keys: credentials with scopes, which a member makes for a program. What ends or changes a sign-in through a foreign key (role,
-- removal, suspension, a disabled user) ends or changes a key too. A key cannot make keys.

alter table app.organizations add max_key_days int not null default 365
  constraint organizations_max_key_days check (max_key_days between 1 and 730);
comment on column app.organizations.max_key_days is 'How long an API key of the org may last.';

-- What a list shows of a key.
grant select (name, scopes, used_at) on app.credentials to streamspace_app;
grant update (max_key_days) on app.organizations to streamspace_definer;
grant update (ends_at, used_at) on app.credentials to streamspace_definer;
create policy definer_update on app.credentials for update to streamspace_definer
  using (org_id = (select rls.current_org_id())) with check (org_id = (select rls.current_org_id()));

set local role streamspace_definer;

-- +goose StatementBegin
create function rls.insert_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, lasts interval) returns timestamptz
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  its_end timestamptz;
  its_role text;
begin
  perform from app.users u where u.id = rls.current_user_id() for update; -- two keys that would both be the last take turns
  if (select count(*) from app.credentials k where k.org_id = rls.current_org_id() and k.user_id = rls.current_user_id()
         and k.scopes is not null and k.ends_at > now()) >= 50 then
    raise exception 'a member has at most 50 keys' using errcode = 'SS024';
  end if;
  -- From the sign-in that asks: its user and role. A key is none.
  insert into app.credentials (id, public_id, user_id, role, name, scopes, secret_hash, ends_at)
    select key, insert_key.public_id, k.user_id, k.role, insert_key.name, insert_key.scopes, hash, least(now() + lasts, m.ends_at)
      from app.credentials k join app.memberships m on m.org_id = k.org_id and m.user_id = k.user_id
     where k.org_id = rls.current_org_id() and k.id = rls.current_credential_id() and k.scopes is null
    returning ends_at, role into its_end, its_role;
  if not found then
    raise exception 'not asked for by a sign-in' using errcode = 'SS001';
  end if;
  insert into app.events (type, subject_id, subject_name, audience, data)
  values ('key.created', insert_key.public_id, insert_key.name, case its_role when 'owner' then 'private' else 'owner' end,
    jsonb_build_object('scopes', insert_key.scopes, 'expires_at', its_end));
  return its_end;
end $$;
-- +goose StatementEnd
comment on function rls.insert_key(uuid, uuid, text, text[], bytea, interval) is
  'Creates an API key of the member who acts, and returns its end: a grant''s at the latest. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.create_key(key uuid, public_id uuid, name text, scopes text[], hash bytea, days int)
  returns table (its_end timestamptz, longest int)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  longest := (select o.max_key_days from app.organizations o where o.id = rls.current_org_id());
  if coalesce(days, 1) <= longest then
    its_end := rls.insert_key(key, create_key.public_id, create_key.name, create_key.scopes, hash,
      make_interval(hours => 24 * coalesce(days, least(90, longest))));
    insert into app.audit_log (action, subject) values ('key.create', create_key.public_id::text);
  end if;
  return next;
end $$;
-- +goose StatementEnd
comment on function rls.create_key(uuid, uuid, text, text[], bytea, int) is
  'Creates an API key of the member who acts; days are by default 90. The end is null when that is longer than the org allows.';

-- +goose StatementBegin
create function rls.rotate_key(replaced uuid, key uuid, public_id uuid, hash bytea, overlap_hours int)
  returns table (name text, scopes text[], its_end timestamptz)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  lasts interval;
begin
  select k.name, k.scopes, least(k.ends_at - k.created_at, make_interval(hours => 24 * o.max_key_days))
    into rotate_key.name, rotate_key.scopes, lasts
    from app.credentials k join app.organizations o on o.id = k.org_id
   where k.org_id = rls.current_org_id() and k.public_id = replaced and k.user_id = rls.current_user_id() and k.scopes is not null
     and k.ends_at > now();
  if not found then
    return;
  end if;
  its_end := rls.insert_key(key, rotate_key.public_id, rotate_key.name, rotate_key.scopes, hash, lasts);
  update app.credentials k set ends_at = least(k.ends_at, now() + make_interval(hours => overlap_hours))
   where k.public_id = replaced; -- in this org, by the policy
  insert into app.audit_log (action, subject) values ('key.rotate', replaced::text);
  return next;
end $$;
-- +goose StatementEnd
comment on function rls.rotate_key(uuid, uuid, uuid, bytea, int) is
  'Creates a key like one of the member''s own, which lasts as long. The replaced one ends after the overlap. No row: there is no such key.';

-- +goose StatementBegin
create function rls.key_of(hash bytea)
  returns table (org uuid, slug text, name text, usr uuid, role text, id uuid, ends_at timestamptz, scopes text[])
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  this_hour constant timestamptz := date_trunc('hour', now());
  used timestamptz;
begin
  select o.id, o.slug, o.name, k.user_id, k.role, k.id, k.ends_at, k.scopes, k.used_at
    into org, slug, key_of.name, usr, key_of.role, key_of.id, key_of.ends_at, key_of.scopes, used
    from app.credentials k join app.organizations o on o.id = k.org_id
   where k.secret_hash = hash and k.scopes is not null and k.ends_at > now() and not o.suspended and not k.disabled;
  if not found then
    return;
  end if;
  if used is distinct from this_hour then
    perform rls.scope(org);
    update app.credentials k set used_at = this_hour where k.id = key_of.id; -- in this org, by the policy
  end if;
  return next;
end $$;
-- +goose StatementEnd
comment on function rls.key_of(bytea) is 'The API key with this secret: its org, user, role and scopes. Notes the hour in which it was used.';

-- +goose StatementBegin
create function rls.set_settings(max_key_days int) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.organizations o set max_key_days = set_settings.max_key_days where rls.is_admin(); -- this org, by the policy
  if not found then
    raise exception 'only an admin changes the settings' using errcode = '42501';
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.set_settings(int) is 'An admin changes the settings of their org.';
grant execute on function rls.set_settings(int) to streamspace_app;

grant execute on function rls.create_key(uuid, uuid, text, text[], bytea, int), rls.rotate_key(uuid, uuid, uuid, bytea, int)
  to streamspace_app;
grant execute on function rls.key_of(bytea) to streamspace_login;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.set_settings(int), rls.key_of(bytea), rls.rotate_key(uuid, uuid, uuid, bytea, int),
  rls.create_key(uuid, uuid, text, text[], bytea, int), rls.insert_key(uuid, uuid, text, text[], bytea, interval);
reset role;
drop policy definer_update on app.credentials;
revoke update (ends_at, used_at) on app.credentials from streamspace_definer;
revoke select (name, scopes, used_at) on app.credentials from streamspace_app;
alter table app.organizations drop max_key_days;
