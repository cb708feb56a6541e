-- name: SessionsOverdue :many
select d.org::uuid as org_id, d.session::uuid as session_id, d.reason::text as reason from rls.sessions_overdue(@most) as d;

-- name: SessionsLeftBehind :many
select d.org::uuid as org_id, d.session::uuid as session_id, d.reason::text as reason from rls.sessions_left_behind(@most) as d;

-- name: OrgsWithExpiredCredentials :many
select d.org::uuid as org_id from rls.orgs_with_expired_credentials(@most) as d;

-- name: CountSessions :many
select c.state::text as state, c.sessions::bigint as sessions from rls.count_sessions() as c;

-- name: OrgsWithWaitingSessions :many
select o.org::uuid as org_id from rls.orgs_with_waiting_sessions(@after, @most) as o;

-- name: OrgsWithLostAgents :many
select o.org::uuid as org_id from rls.orgs_with_lost_agents(@after, @most) as o;

-- name: OrgsWithEndedKeys :many
select o.org::uuid as org_id from rls.orgs_with_ended_keys(@most) as o;

-- name: NewestEvents :many
select e.org::uuid as org_id, e.newest::bigint as newest from rls.newest_events(@orgs::uuid[]) as e;

-- name: EndedStreams :many
-- The places, from 1, of the streams without access.
select e.n::int as place from rls.ended_streams(@orgs::uuid[], @users::uuid[], @roles::text[], @credentials::uuid[], @sessions::uuid[]) as e;

-- name: Listen :exec
select rls.listen();

-- name: OrgsWithSilentAgents :many
select o.org::uuid as org_id from rls.orgs_with_silent_agents(@patience_seconds, @after, @most) as o;

-- name: OrgsWithOldEvents :many
select o.org::uuid as org_id from rls.orgs_with_old_events(@kept_seconds, @after, @most) as o;
