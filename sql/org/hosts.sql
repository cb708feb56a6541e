-- name: Hosts :many
-- In the order of their enrolment. A host is away 30 seconds after its last contact, as rls.free_agent has it.
select a.id, a.name, a.version, a.unenforced_limits, a.seen_at, coalesce(a.seen_at > now() - make_interval(secs => 30), false)::boolean as is_connected,
       rls.agent_has_room(a.id)::boolean as has_room,
       (select count(*) from app.sessions s where s.agent_id = a.id and s.state not in ('terminated', 'failed')) as sessions
  from app.agent_orgs o join app.agents a on a.id = o.agent_id
 where o.agent_id > @after_id::uuid and a.revoked_at is null
 order by o.agent_id
 limit @most;

-- name: HostByID :one
select a.id, a.name, a.version, a.unenforced_limits, a.seen_at, coalesce(a.seen_at > now() - make_interval(secs => 30), false)::boolean as is_connected,
       rls.agent_has_room(a.id)::boolean as has_room,
       (select count(*) from app.sessions s where s.agent_id = a.id and s.state not in ('terminated', 'failed')) as sessions
  from app.agent_orgs o join app.agents a on a.id = o.agent_id
 where o.agent_id = @id and a.revoked_at is null;

-- name: AgentIsForeign :one
-- A function, because the policies hide the agents of other organisations. It returns one bit.
select rls.agent_is_foreign(@id)::boolean as is_foreign;
