-- name: Place :one
-- The function locks a free slot for this transaction, so that the session that is placed next takes it without a race.
select coalesce(f.agent, '00000000-0000-0000-0000-000000000000')::uuid as agent_id, f.waits_for::text as waits_for,
       coalesce(f.namespace, '')::text as namespace,
       coalesce((select u.name from app.users u where u.id = rls.current_user_id()), '')::text as owner_name
  from rls.free_agent('00000000-0000-0000-0000-000000000000') as f;

-- name: PlaceBeside :one
-- By background work, for a session that an agent could not start.
select coalesce(f.agent, '00000000-0000-0000-0000-000000000000')::uuid as agent_id, f.waits_for::text as waits_for,
       coalesce(f.namespace, '')::text as namespace
  from rls.free_agent(@besides::uuid) as f;

-- name: StartElsewhere :one
select rls.start_elsewhere()::boolean as moved;

-- name: PredatesRestore :one
select rls.predates_restore()::boolean as predates;

-- name: WaitingSessions :many
-- Another process that places sessions at the same time skips what this one has locked.
select sqlc.embed(s), (s.waits_since < now() - make_interval(secs => @patience_seconds::int))::boolean as overdue
  from app.sessions s
 where s.state = 'pending' and s.agent_id is null
 order by s.waits_since, s.id
 limit @most
   for update skip locked;

-- name: PlaceSession :exec
update app.sessions set agent_id = @agent_id::uuid where id = @id and state = 'pending' and agent_id is null;

-- name: SetWaitsFor :exec
update app.sessions set waits_for = @waits_for where id = @id and state = 'pending' and agent_id is null;

-- name: FailSession :exec
update app.sessions set state = 'failed', reason = @reason where id = @id and state = 'pending' and agent_id is null;

-- name: LeaveLostAgents :many
-- By background work: sessions whose agent is lost before they have started.
select l.session::uuid as session_id, l.its_state::text as state from rls.leave_lost_agents(@patience_seconds, @most) as l limit 1000;

-- name: NoteSilentAgents :many
-- By background work: sessions whose agent has become silent, is back, or is lost.
select n.session::uuid as session_id, n.its_state::text as state, n.silent::boolean as silent
  from rls.note_silent_agents(@patience_seconds, @most) as n limit 1000;
