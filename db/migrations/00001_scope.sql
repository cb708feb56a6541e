-- +goose Up
-- The scope: who is acting, in which org. Only the enter functions set these parameters, for one transaction.

-- +goose StatementBegin
create function rls.no_org() returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'app.org_id is not set: org tables need an org scope' using errcode = '42501', hint = 'enter the org first';
end $$;
-- +goose StatementEnd
comment on function rls.no_org() is 'Raises 42501, because no org was entered.';

-- In SQL and without settings of its own, so that the planner can inline it into a policy.
create function rls.current_org_id() returns uuid
  language sql stable parallel safe
  as $$ select coalesce(nullif(pg_catalog.current_setting('app.org_id', true), ''), rls.no_org())::uuid $$;
comment on function rls.current_org_id() is 'The org that was entered. Policies read the tenant only here. Raises 42501 before entering.';

create function rls.current_user_id() returns uuid
  language sql stable parallel safe
  as $$ select nullif(pg_catalog.current_setting('app.user_id', true), '')::uuid $$;
create function rls.current_credential_id() returns uuid
  language sql stable parallel safe
  as $$ select nullif(pg_catalog.current_setting('app.credential_id', true), '')::uuid $$;
create function rls.current_agent_id() returns uuid
  language sql stable parallel safe
  as $$ select nullif(pg_catalog.current_setting('app.agent_id', true), '')::uuid $$;
create function rls.current_session_id() returns uuid
  language sql stable parallel safe
  as $$ select nullif(pg_catalog.current_setting('app.session_id', true), '')::uuid $$;
create function rls.is_admin() returns boolean
  language sql stable parallel safe
  as $$ select coalesce(pg_catalog.current_setting('app.role', true) in ('owner', 'admin'), false) $$;
create function rls.is_owner() returns boolean
  language sql stable parallel safe
  as $$ select coalesce(pg_catalog.current_setting('app.role', true) = 'owner', false) $$;
create function rls.is_viewer() returns boolean
  language sql stable parallel safe
  as $$ select coalesce(pg_catalog.current_setting('app.role', true) = 'viewer', false) $$;
comment on function rls.current_user_id() is 'The member who acts; null for agents and services.';
comment on function rls.current_credential_id() is 'The credential of the member who acts; null for agents and services.';
comment on function rls.current_agent_id() is 'The agent that reports; null for members and services.';
comment on function rls.current_session_id() is 'The session that an agent reports on; null otherwise.';
comment on function rls.is_admin() is 'Whether the member who acts is an owner or an admin.';
comment on function rls.is_owner() is 'Whether the member who acts is an owner.';
comment on function rls.is_viewer() is 'Whether the member who acts is a viewer.';

grant execute on function rls.no_org(), rls.current_org_id(), rls.current_user_id(), rls.current_credential_id(), rls.current_agent_id(),
  rls.current_session_id(), rls.is_admin(), rls.is_owner(), rls.is_viewer()
  to streamspace_app, streamspace_agent, streamspace_system, streamspace_definer;

-- The conditions that limit an org table to one organisation, as PostgreSQL prints them. The first half of the floor raises
-- an error even when the planner reads no row (an empty table, or another condition that is already false). The helper below,
-- the rules and the check at start all use this text. A function with a version in its name never changes after its release,
-- because migrations have created tables with it. A change is a new function with the next version.
-- +goose StatementBegin
create function rls.tenant_conditions_v1(key name) returns table (scoped text, floored text)
  language sql stable parallel safe
as $$
  select pg_catalog.format('(%I = ( SELECT rls.current_org_id() AS current_org_id))', key),
         pg_catalog.format('((( SELECT rls.current_org_id() AS current_org_id) IS NOT NULL) AND '
           '(%I = ( SELECT rls.current_org_id() AS current_org_id)))', key)
$$;
-- +goose StatementEnd
comment on function rls.tenant_conditions_v1(name) is
  'The conditions on the column with the org''s id: one for the permissive policies, one for the floor.';
grant execute on function rls.tenant_conditions_v1(name) to streamspace_app, streamspace_login, streamspace_agent,
  streamspace_operator, streamspace_system, streamspace_definer;

-- +goose StatementBegin
create function rls.create_org_table_v1(name text, columns text, about text, of_org boolean default true,
  definer_reads text default 'everything') returns void
  language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  everyone constant text := 'streamspace_app, streamspace_agent, streamspace_system';
  c record;
begin
  select * into strict c from rls.tenant_conditions_v1('org_id');
  execute format('create table app.%I (org_id uuid not null default rls.current_org_id(), %s%s)', name, columns,
    case of_org when true then format(', constraint %I foreign key (org_id) references app.organizations (id)', name || '_of_org') end);
  execute format('comment on table app.%I is %L', name, about);
  execute format('alter table app.%I enable row level security', name);
  execute format('alter table app.%I force row level security', name);
  execute format('create policy tenant_floor on app.%I as restrictive for all to %s using (%s) with check (%s)',
    name, everyone, c.floored, c.floored);
  execute format('comment on policy tenant_floor on app.%I is %L', name, 'Only rows of the org that was entered. An error before entering.');
  execute format('create policy org_select on app.%I for select to %s using (%s)', name, everyone, c.scoped);
  execute format('create policy org_insert on app.%I for insert to %s with check (%s)', name, everyone, c.scoped);
  execute format('create policy org_update on app.%I for update to %s using (%s) with check (%s)', name, everyone, c.scoped, c.scoped);
  execute format('create policy org_delete on app.%I for delete to %s using (%s)', name, everyone, c.scoped);
  execute format('create policy owner_inside on app.%I for all to streamspace_owner using (%s) with check (%s)', name, c.scoped, c.scoped);
  execute format('comment on policy owner_inside on app.%I is %L', name, 'A migration reads and writes only rows of the org that it entered.');
  execute format('create policy backup_select on app.%I for select to streamspace_backup using (true)', name);
  execute case definer_reads
    when 'everything' then format('create policy definer_select on app.%I for select to streamspace_definer using (true)', name)
    when 'inside' then format('create policy definer_select on app.%I for select to streamspace_definer using (%s)', name, c.scoped)
    when 'nothing' then 'select'
  end;
end $$;
-- +goose StatementEnd
comment on function rls.create_org_table_v1(text, text, text, boolean, text) is
  'Creates an org table: org_id as the first column, a foreign key to the org (unless another key implies it), the floor, '
  'a policy per command, the policy by which a dump reads it, and what the definer may read: everything, only inside an org, or nothing.';

-- Who administers a database on a server without a superuser of ours (RDS, Cloud SQL, Azure, …): its owner, which may create
-- roles. Some revokes have no effect there, and the owner keeps ADMIN on the roles that it made. The rules, the check at start
-- and the manifest make a note of just these. Where a superuser owns the database they are violations.
create function rls.administrator_v1() returns oid
  language sql stable
as $$
  select d.datdba from pg_catalog.pg_database d join pg_catalog.pg_roles r on r.oid = d.datdba
   where d.datname = pg_catalog.current_database() and r.rolcreaterole and not r.rolsuper
$$;
comment on function rls.administrator_v1() is 'The owner of the database when it is not a superuser and may create roles; otherwise null.';
grant execute on function rls.administrator_v1() to streamspace_app, streamspace_login, streamspace_agent,
  streamspace_operator, streamspace_system, streamspace_auditor, streamspace_definer;

-- Each program compares the database's version with its own when it starts.
grant select on rls.goose_db_version
  to streamspace_app, streamspace_login, streamspace_agent, streamspace_operator, streamspace_system;

-- +goose Down
revoke select on rls.goose_db_version
  from streamspace_app, streamspace_login, streamspace_agent, streamspace_operator, streamspace_system;
drop function rls.create_org_table_v1(text, text, text, boolean, text), rls.tenant_conditions_v1(name),
  rls.administrator_v1();
drop function rls.current_org_id(), rls.current_user_id(), rls.current_credential_id(), rls.current_agent_id(),
  rls.current_session_id(), rls.is_admin(), rls.is_owner(), rls.is_viewer(), rls.no_org();
