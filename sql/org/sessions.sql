-- name: Place :one
-- The agent that was heard of last. One that has said nothing for 30 seconds is taken to be gone.
select a.id as agent_id, o.namespace
  from app.organizations o cross join app.agent_orgs s join app.agents a on a.id = s.agent_id
 where a.seen_at > now() - interval '30 s'
 order by a.seen_at desc
 limit 1;

-- name: InsertSession :exec
insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec, agent_id)
values (@id, @owner_id, @name, @template_id, @template_name, @template_title, @spec, @agent_id);

-- name: SessionByID :one
select * from app.sessions where id = @id;

-- name: LockSession :one
select * from app.sessions where id = @id for update;

-- name: EndSession :one
update app.sessions set desired = 'terminated' where id = @id returning *;

-- name: Sessions :many
select * from app.sessions
 where (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: ActiveSessions :many
select * from app.sessions
 where state not in ('terminated', 'failed') and (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: SessionsOfOwner :many
-- Names the owner for the index alone; the policy keeps it true.
select * from app.sessions
 where owner_id = @owner_id and (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: ActiveSessionsOfOwner :many
select * from app.sessions
 where owner_id = @owner_id and state not in ('terminated', 'failed')
   and (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: InsertTicket :exec
insert into app.tickets (id, session_id, secret_hash) values (@id, @session_id, @secret_hash);

-- name: SessionIsForeign :one
select rls.session_is_foreign(@id)::boolean as is_foreign;

-- name: SetObserved :exec
update app.sessions set state = @state, reason = @reason, observed_generation = @observed_generation where id = @id;

-- name: FinishSession :many
update app.sessions set state = 'terminated', reason = @reason
 where id = @id and desired = 'terminated' and state not in ('terminated', 'failed')
returning id;
