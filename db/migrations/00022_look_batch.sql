-- +goose Up
-- Open desktops learn from the event log that an access has ended. This asks for all of them at once, in case an event was missed.
set local role streamspace_definer;

create function rls.ended_streams(orgs uuid[], users uuid[], roles text[], credentials uuid[], sessions uuid[]) returns table (n int)
  language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select q.n::int
    from unnest(orgs, users, roles, credentials, sessions) with ordinality as q (org, usr, role, credential, session, n)
    left join app.credentials k
      on k.org_id = q.org and k.id = q.credential and k.user_id = q.usr and k.role = q.role and k.ends_at > now()
     and not k.suspended and not k.disabled
    left join app.sessions s
      on s.org_id = q.org and s.id = q.session and (s.owner_id = q.usr or q.role in ('owner', 'admin'))
     and s.desired = 'running' and s.state not in ('terminated', 'failed')
   where k.id is null or s.id is null
   limit 10000
$$;
comment on function rls.ended_streams(uuid[], uuid[], text[], uuid[], uuid[]) is
  'Which of these streams have no access any more, by their places in the arrays: the credential or the session has ended, or is another''s.';
grant execute on function rls.ended_streams(uuid[], uuid[], text[], uuid[], uuid[]) to streamspace_system;
reset role;

-- +goose Down
set local role streamspace_definer;
drop function rls.ended_streams(uuid[], uuid[], text[], uuid[], uuid[]);
reset role;
