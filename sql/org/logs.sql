-- name: AppendEvent :exec
-- A trigger fills in the number, the time and the owner; no role may write those columns.
insert into app.events (type, subject_id, data) values (@type, @subject_id, @data);

-- name: AppendNamedEvent :exec
-- The same for what only members change: with the name of the subject, for a named audience.
insert into app.events (type, version, audience, subject_id, subject_name, data)
values (@type, @version, @audience, @subject_id, @subject_name, @data);

-- name: RecordAudit :exec
-- A trigger fills in the number, the actor, the time and the hashes; no role may write those columns.
insert into app.audit_log (action, subject) values (@action, @subject);

-- name: EventsOfSubject :many
select seq, at, type, data from app.events where subject_id = @subject_id and seq > @after order by seq limit @most;

-- name: EventsAfter :many
-- For the service and for admins, who see every event of the organisation.
select seq, at, type, version, actor, subject_id, subject_name, owner_id, audience, data
  from app.events
 where seq > @after and seq <= @until
 order by seq
 limit @most;

-- name: OwnEventsAfter :many
-- What a member sees. A policy shows no more in any case; the two parts have an index each.
select e.seq, e.at, e.type, e.version, e.actor, e.subject_id, e.subject_name, e.owner_id, e.audience, e.data
  from ((select o.seq, o.at, o.type, o.version, o.actor, o.subject_id, o.subject_name, o.owner_id, o.audience, o.data
           from app.events o
          where o.owner_id = @user_id::uuid and o.seq > @after and o.seq <= @until
          order by o.seq
          limit @most)
        union all
        (select a.seq, a.at, a.type, a.version, a.actor, a.subject_id, a.subject_name, a.owner_id, a.audience, a.data
           from app.events a
          where a.audience = 'everyone' and (a.owner_id is null or a.owner_id <> @user_id::uuid) and a.seq > @after and a.seq <= @until
          order by a.seq
          limit @most)) as e
 order by e.seq
 limit @most;

-- name: EventBounds :one
-- The oldest number that is still known, and the newest. Without any event the oldest is the next one.
select coalesce((select min(e.seq) from app.events e), h.event_seq + 1)::bigint as oldest, h.event_seq as newest
  from app.org_heads h;

-- name: RemoveOldEvents :one
-- A batch of the oldest events. The function bounds it.
select rls.remove_old_events(@kept_seconds)::int as removed;

-- name: Access :one
-- What the database knows of the caller's credential, and the organisation's names. The policies show one organisation.
select k.public_id, k.ends_at, o.slug, o.namespace
  from app.credentials k cross join app.organizations o
 where k.id = rls.current_credential_id();

-- name: AuditLog :many
-- One query for each filter: one for all would have a plan that does not know which index it can use. A policy shows a member their
-- own entries; the name of a user who is unknown to the organisation is left out.
select a.seq, a.at, a.actor, a.action, a.subject, a.hash,
       coalesce((select u.name from app.users u where u.id = case when a.actor like 'user:%' then substr(a.actor, 6)::uuid end), '')::text as actor_name
  from app.audit_log a
 where a.seq < @before
 order by a.seq desc
 limit @most;

-- name: AuditLogOfActor :many
select a.seq, a.at, a.actor, a.action, a.subject, a.hash,
       coalesce((select u.name from app.users u where u.id = case when a.actor like 'user:%' then substr(a.actor, 6)::uuid end), '')::text as actor_name
  from app.audit_log a
 where a.actor = @actor::text and (@action::text = '' or a.action = @action) and a.seq < @before
 order by a.seq desc
 limit @most;

-- name: AuditLogOfAction :many
select a.seq, a.at, a.actor, a.action, a.subject, a.hash,
       coalesce((select u.name from app.users u where u.id = case when a.actor like 'user:%' then substr(a.actor, 6)::uuid end), '')::text as actor_name
  from app.audit_log a
 where a.action = @action::text and a.seq < @before
 order by a.seq desc
 limit @most;

-- name: VerifyAudit :one
select v.checked::bigint as checked, v.checked_hash::bytea as checked_hash, v.more::boolean as more, v.broken::bigint as broken,
       v.reason::text as reason, v.head::bigint as head, v.head_hash::bytea as head_hash
  from rls.verify_audit(@after, @page) as v;
