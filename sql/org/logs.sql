-- name: AppendEvent :exec
-- A trigger fills in the number, the time and the owner; no role may write those columns.
insert into app.events (type, subject_id, data) values (@type, @subject_id, @data);

-- name: RecordAudit :exec
-- A trigger fills in the number, the actor, the time and the hashes; no role may write those columns.
insert into app.audit_log (action, subject) values (@action, @subject);

-- name: EventsOfSubject :many
select seq, at, type, data from app.events where subject_id = @subject_id and seq > @after order by seq limit @most;

-- name: AuditLog :many
-- One query for each filter: one for all would have a plan that does not know which index it can use. A policy shows a member their
-- own entries; the name of a user who is unknown to the organisation is left out.
select a.seq, a.at, a.actor, a.action, a.subject,
       coalesce((select u.name from app.users u where u.id = case when a.actor like 'user:%' then substr(a.actor, 6)::uuid end), '')::text as actor_name
  from app.audit_log a
 where a.seq < @before
 order by a.seq desc
 limit @most;

-- name: AuditLogOfActor :many
select a.seq, a.at, a.actor, a.action, a.subject,
       coalesce((select u.name from app.users u where u.id = case when a.actor like 'user:%' then substr(a.actor, 6)::uuid end), '')::text as actor_name
  from app.audit_log a
 where a.actor = @actor::text and (@action::text = '' or a.action = @action) and a.seq < @before
 order by a.seq desc
 limit @most;

-- name: AuditLogOfAction :many
select a.seq, a.at, a.actor, a.action, a.subject,
       coalesce((select u.name from app.users u where u.id = case when a.actor like 'user:%' then substr(a.actor, 6)::uuid end), '')::text as actor_name
  from app.audit_log a
 where a.action = @action::text and a.seq < @before
 order by a.seq desc
 limit @most;
