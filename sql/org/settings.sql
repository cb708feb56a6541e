-- name: Settings :one
select max_key_days from app.organizations;

-- name: SetSettings :exec
select rls.set_settings(@max_key_days);
