-- name: AppendEvent :exec
-- A trigger fills in the number, the time and the owner; no role may write those columns.
insert into app.events (type, subject_id, data) values (@type, @subject_id, @data);

-- name: RecordAudit :exec
-- A trigger fills in the number, the actor, the time and the hashes; no role may write those columns.
insert into app.audit_log (action, subject) values (@action, @subject);

-- name: EventsOfSubject :many
select seq, at, type, data from app.events where subject_id = @subject_id and seq > @after order by seq limit @most;
