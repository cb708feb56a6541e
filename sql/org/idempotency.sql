-- name: DeleteEndedKey :exec
-- The caller's own, by the policy. After its day a key means nothing, whether it was removed yet or not.
delete from app.idempotency_keys where key = @key and ends_at < now();

-- name: ClaimKey :one
-- No row means that the caller has used the key. It waits for another request that uses it at this moment.
insert into app.idempotency_keys (key, fingerprint, subject_id) values (@key, @fingerprint, @subject_id)
on conflict do nothing
returning subject_id;

-- name: UsedKey :one
-- A statement of its own: that of ClaimKey does not see what it has waited for.
select fingerprint, subject_id from app.idempotency_keys where key = @key;

-- name: DeleteEndedKeys :exec
delete from app.idempotency_keys where ends_at < now();
