-- name: InsertSession :exec
-- Triggers check the owner and the namespace, and count the session against the quotas.
insert into app.sessions (id, owner_id, name, template_id, template_name, template_title, spec, agent_id, waits_for)
values (@id, @owner_id, @name, @template_id, @template_name, @template_title, @spec, @agent_id, @waits_for);

-- name: SessionByID :one
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s where s.id = @id;

-- name: SessionAccess :one
-- Whether a session has ended, and when the caller's credential ends: now if it has ended since the transaction entered. No row means
-- that the caller may not see the session. The time of the answer is by the same clock.
select (s.desired = 'terminated' or s.state in ('terminated', 'failed'))::boolean as ended,
       coalesce(k.ends_at, now())::timestamptz as ends_at, now()::timestamptz as at
  from app.sessions s left join app.credentials k on k.id = rls.current_credential_id()
 where s.id = @id;

-- name: LockSession :one
-- Locks the row first, before the quota and the log: one order everywhere, so that transactions do not deadlock.
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s where s.id = @id for update;

-- name: LockReportedSession :one
-- As an agent, which sees no users.
select * from app.sessions where id = @id for update;

-- name: EndSession :one
-- A trigger sets the state and the generation. The row shows them, so that this is a query and not a queued write.
update app.sessions set desired = 'terminated' where id = @id returning *;

-- name: TakeOverSession :one
-- A trigger checks that the owner has left, and counts the session in the quota of the new owner.
update app.sessions set owner_id = rls.current_user_id() where id = @id returning *;

-- name: EndLeftBehind :many
-- By background work. The conditions are in the statement, because its user may end it at the same time. No row: it has ended.
update app.sessions set desired = 'terminated', reason = @reason
 where id = @id and desired = 'running' and state not in ('terminated', 'failed')
returning state;

-- name: Sessions :many
-- The id is part of the order and of the cursor: otherwise sessions of one microsecond would be skipped or repeated.
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s
 where (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: ActiveSessions :many
-- A query of its own. With an optional condition it would get a plan that reads all ended sessions too.
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s
 where state not in ('terminated', 'failed') and (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: SessionsOfOwner :many
-- Names the owner so that an index can be used. The policy shows a member no other sessions in any case.
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s
 where owner_id = @owner_id and (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: ActiveSessionsOfOwner :many
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s
 where owner_id = @owner_id and state not in ('terminated', 'failed')
   and (created_at, id) < (@before::timestamptz, @before_id::uuid)
 order by created_at desc, id desc
 limit @most;

-- name: FilteredSessions :many
-- The filters look at the organisation's sessions in their order, by the index. The lists without filters have queries of their own,
-- because this one's plan does not know which filters there are.
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s
 where (created_at, id) < (@before::timestamptz, @before_id::uuid)
   and (not @active::boolean or s.state not in ('terminated', 'failed')) and (@state::text = '' or s.state = @state)
   and (@template::text = '' or s.template_name = @template) and (@tag::text = '' or @tag = any (s.tags))
   and (@text::text = '' or position(lower(@text) in lower(s.name || ' ' || s.template_title)) > 0)
 order by created_at desc, id desc
 limit @most;

-- name: FilteredSessionsOfOwner :many
select sqlc.embed(s), coalesce((select u.name from app.users u where u.id = s.owner_id), '')::text as owner_name
  from app.sessions s
 where owner_id = @owner_id and (created_at, id) < (@before::timestamptz, @before_id::uuid)
   and (not @active::boolean or s.state not in ('terminated', 'failed')) and (@state::text = '' or s.state = @state)
   and (@template::text = '' or s.template_name = @template) and (@tag::text = '' or @tag = any (s.tags))
   and (@text::text = '' or position(lower(@text) in lower(s.name || ' ' || s.template_title)) > 0)
 order by created_at desc, id desc
 limit @most;

-- name: UpdateSession :exec
update app.sessions set name = @name, tags = @tags where id = @id;

-- name: InsertTicket :exec
insert into app.tickets (id, session_id, secret_hash) values (@id, @session_id, @secret_hash);

-- name: SessionIsForeign :one
-- A function, because the policies hide the rows of other organisations. It returns one bit.
select rls.session_is_foreign(@id)::boolean as is_foreign;

-- name: SetObserved :exec
update app.sessions set state = @state, reason = @reason, detail = @detail, observed_generation = @observed_generation
 where id = @id;

-- name: FinishSession :many
-- The conditions are in the statement, because the agent may report the end at the same time. No row: it has ended.
update app.sessions set state = 'terminated', reason = @reason
 where id = @id and desired = 'terminated' and state not in ('terminated', 'failed')
returning id;
