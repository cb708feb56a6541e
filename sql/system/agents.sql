-- name: ConnectAgent :one
-- sqlc does not know the types of a function's columns, so that the queries of this folder have casts.
select rls.connect_agent(@agent_id, @secret_hash, @epoch, @unconfined, @slots)::bigint as epoch;

-- name: Placements :many
select p.session::uuid as session_id, p.namespace::text as namespace, p.desired::text as desired,
       p.generation::bigint as generation, p.state::text as state, p.observed_epoch::bigint as observed_epoch, p.spec::jsonb as spec
  from rls.placements(@agent_id, @epoch, @after, @most) as p;
