-- name: Usage :one
-- Sessions that have not ended, by state: the organisation's for an admin, the caller's own for everyone else. What is only shared with a
-- member has no events for them.
select count(*) filter (where s.state = 'pending') as pending, count(*) filter (where s.state = 'starting') as starting,
       count(*) filter (where s.state = 'running') as running, count(*) filter (where s.state = 'terminating') as terminating
  from app.sessions s
 where s.state not in ('terminated', 'failed') and (@everyones::boolean or s.owner_id = rls.current_user_id());

-- name: HasRoom :one
-- Whether a host that serves the organisation takes another session now. A host is away 30 seconds after its last contact.
select exists (select from app.agent_orgs s join app.agents a on a.id = s.agent_id
                where a.revoked_at is null and a.seen_at > now() - make_interval(secs => 30) and rls.agent_has_room(a.id))::boolean as has_room;
