-- name: SessionQuota :one
-- The organisation is the one that the scope shows. A member without a row of their own has never had a session.
select l.per_org, l.per_user,
       coalesce((select u.used from app.quota_usage u join app.organizations o on o.id = u.holder_id where u.kind = l.kind), 0)::bigint as used_by_org,
       coalesce((select u.used from app.quota_usage u where u.holder_id = rls.current_user_id() and u.kind = l.kind), 0)::bigint as used_by_user
  from app.quota_limits l
 where l.kind = 'sessions';
