-- +goose Up
-- After a restore of an older database. An agent counts its contacts, and each contact stores the number. An agent that has counted further
-- than the database has, or that has a later epoch, shows that the database is an older one than before: whichever way it was restored.
-- Sessions without a row are then kept, until an operator ends them, and none that was waiting for its start is started once more.

alter table app.installation add restored_at timestamptz, add keeps_unknown boolean not null default false;
comment on column app.installation.restored_at is
  'When an older database came into use, as an agent has shown. Sessions made before it are not started any more.';
comment on column app.installation.keeps_unknown is
  'Whether sessions that the database does not know are kept: from the notice of a restore to the operator''s decision.';
grant update (restored_at, keeps_unknown) on app.installation to streamspace_definer;

alter table app.agents
  add contact bigint not null default 0,
  add unknown_sessions jsonb not null default '[]',
  add constraint agents_unknown_sessions_bounds check (jsonb_array_length(unknown_sessions) <= 1000);
comment on column app.agents.contact is 'The number of its last contact, as the agent counts; 0: it does not say.';
comment on column app.agents.unknown_sessions is
  'Sessions that it keeps and that the database does not know: the id, the namespace, and since when it runs, of each.';
grant update (contact, unknown_sessions) on app.agents to streamspace_definer;

set local role streamspace_definer;

create function rls.note_restore() returns void
  language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.installation i
     set restored_at = case when i.listened_at > now() - interval '20 s' then i.listens_since else now() end, keeps_unknown = true
$$;
comment on function rls.note_restore() is
  'Notes that the database is an older one. It came into use when control planes began to listen. Only the definer''s functions may execute it.';

-- +goose StatementBegin
create function rls.report_unknown(agent uuid, its_epoch bigint, sessions uuid[], namespaces text[], started timestamptz[], keep boolean)
  returns table (session uuid)
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  kept boolean;
begin
  select keep and i.keeps_unknown into kept from app.installation i;
  update app.agents a
     set unknown_sessions = (
       select coalesce(jsonb_agg(jsonb_build_object('session', u.session, 'namespace', u.namespace, 'started', u.started)), '[]')
         from unnest(sessions, namespaces, started) as u (session, namespace, started)
        where kept and not exists (select from app.sessions s where s.id = u.session))
   where a.id = agent and a.epoch = its_epoch;
  if not found then
    raise exception 'replaced by a newer process of the agent' using errcode = 'SS004';
  end if;
  return query
    select u.session from unnest(sessions) as u (session)
     where not exists (select from app.sessions s
                        where s.id = u.session and s.agent_id = agent and s.state not in ('terminated', 'failed'))
       and not (kept and not exists (select from app.sessions s where s.id = u.session))
     limit 1000;
end $$;
-- +goose StatementEnd
comment on function rls.report_unknown(uuid, bigint, uuid[], text[], timestamptz[], boolean) is
  'An agent tells which sessions run on it that should not, and learns which of them it must end. Those without a row are kept after a '
  'restore, if the setting says so too, and noted.';

-- +goose StatementBegin
create function rls.predates_restore() returns boolean
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform rls.current_org_id(); -- as part of the query the scope is looked at only where a plan comes to it
  return coalesce((select s.created_at < i.restored_at
                     from app.sessions s, app.installation i
                    where s.id = rls.current_session_id()), false);
end $$;
-- +goose StatementEnd
comment on function rls.predates_restore() is 'Whether the session that an agent reports on was made before an older database came into use.';

grant execute on function rls.report_unknown(uuid, bigint, uuid[], text[], timestamptz[], boolean), rls.predates_restore() to streamspace_agent;

-- +goose StatementBegin
create function rls.list_unknown_sessions(after uuid, page int)
  returns table (session uuid, agent text, namespace text, slug text, started_at timestamptz, seen_at timestamptz)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select u.session, a.name, u.namespace, coalesce(o.slug, ''), u.started, a.seen_at
    from app.agents a
         cross join lateral jsonb_to_recordset(a.unknown_sessions) as u (session uuid, namespace text, started timestamptz)
         left join app.organizations o on o.namespace = u.namespace
   where a.revoked_at is null and u.session > after
   order by u.session
   limit least(page, 1000)
$$;
-- +goose StatementEnd
comment on function rls.list_unknown_sessions(uuid, int) is
  'A page of the sessions that run and that the database does not know, after a given id.';

-- +goose StatementBegin
create function rls.end_unknown_sessions(operator text) returns void
  language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  update app.installation i set keeps_unknown = false where i.keeps_unknown;
  if found then
    perform rls.log_operator(operator, 'unknown_sessions.end', '');
  end if;
end $$;
-- +goose StatementEnd
comment on function rls.end_unknown_sessions(text) is
  'Lets agents end the sessions that the database does not know, until a restore is noticed again.';

grant execute on function rls.list_unknown_sessions(uuid, int), rls.end_unknown_sessions(text) to streamspace_operator;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.end_unknown_sessions(text), rls.list_unknown_sessions(uuid, int), rls.predates_restore(),
  rls.report_unknown(uuid, bigint, uuid[], text[], timestamptz[], boolean), rls.note_restore();
reset role;
revoke update (contact, unknown_sessions) on app.agents from streamspace_definer;
alter table app.agents drop unknown_sessions, drop contact;
revoke update (restored_at, keeps_unknown) on app.installation from streamspace_definer;
alter table app.installation drop keeps_unknown, drop restored_at;
