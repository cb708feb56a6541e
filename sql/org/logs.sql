-- name: AppendEvent :exec
insert into app.events (type, subject_id, data) values (@type, @subject_id, @data);

-- name: RecordAudit :exec
insert into app.audit_log (action, subject) values (@action, @subject);
