-- name: ConnectAgent :one
-- sqlc does not know the types of a function's columns, so that the queries of this folder have casts.
select rls.connect_agent(@agent_id, @secret_hash, @epoch, @unconfined, @slots, @version, @contact, @unenforced_limits::text[])::bigint
       as epoch;

-- name: Placements :many
-- Limited once more, because a function in PL/pgSQL is not seen to limit.
select p.session::uuid as session_id, p.namespace::text as namespace, p.desired::text as desired,
       p.generation::bigint as generation, p.state::text as state, p.observed_epoch::bigint as observed_epoch, p.spec::jsonb as spec
  from rls.placements(@agent_id, @epoch, @after, @most) as p
 limit @most;

-- name: Unacknowledged :many
select p.agent::uuid as agent_id, p.session::uuid as session_id, p.namespace::text as namespace, p.desired::text as desired,
       p.generation::bigint as generation, p.state::text as state, p.observed_epoch::bigint as observed_epoch, p.spec::jsonb as spec
  from rls.unacknowledged(@agents::uuid[], @most) as p;

-- name: ReportUnknown :many
select u.session::uuid as session_id
  from rls.report_unknown(@agent_id, @epoch, @sessions::uuid[], @namespaces::text[], @started::timestamptz[], @keep) as u
 limit 1000;
