-- +goose Up
-- Who is acting. The enter functions alone set these, for one transaction.

-- +goose StatementBegin
create function rls.no_org() returns text
  language plpgsql stable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'app.org_id is not set: org tables need an org scope' using errcode = '42501', hint = 'enter the org first';
end $$;
-- +goose StatementEnd
comment on function rls.no_org() is 'Raises 42501: no org was entered.';

-- In SQL and with no settings of its own, so that the planner writes it out where a policy calls it.
create function rls.current_org_id() returns uuid
  language sql stable parallel safe
  as $$ select coalesce(nullif(pg_catalog.current_setting('app.org_id', true), ''), rls.no_org())::uuid $$;
comment on function rls.current_org_id() is 'The one place where tenant identity is read. Raises 42501 when unset.';

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
comment on function rls.current_credential_id() is 'What the member presented; null for agents and services.';
comment on function rls.current_agent_id() is 'The agent that reports; null for members and services.';
comment on function rls.current_session_id() is 'The session that an agent reports on; null otherwise.';
comment on function rls.is_admin() is 'Whether the member who acts is an owner or an admin.';
comment on function rls.is_owner() is 'Whether the member who acts is an owner.';
comment on function rls.is_viewer() is 'Whether the member who acts is a viewer.';

grant execute on function rls.no_org(), rls.current_org_id(), rls.current_user_id(), rls.current_credential_id(), rls.current_agent_id(),
  rls.current_session_id(), rls.is_admin(), rls.is_owner(), rls.is_viewer()
  to streamspace_app, streamspace_agent, streamspace_system, streamspace_definer;

-- A start compares the database's version with the program's.
grant select on rls.goose_db_version
  to streamspace_app, streamspace_login, streamspace_agent, streamspace_operator, streamspace_system;

-- +goose Down
revoke select on rls.goose_db_version
  from streamspace_app, streamspace_login, streamspace_agent, streamspace_operator, streamspace_system;
drop function rls.current_org_id(), rls.current_user_id(), rls.current_credential_id(), rls.current_agent_id(),
  rls.current_session_id(), rls.is_admin(), rls.is_owner(), rls.is_viewer(), rls.no_org();
