-- name: Quotas :many
-- One row for each kind. The organisation is the one that the scope shows. A member without a row of their own has never had a session.
select l.kind, l.per_org as ceiling_per_org, l.per_user as ceiling_per_user, l.own_per_org, l.own_per_user, mine.own_limit,
       coalesce((select u.used from app.quota_usage u join app.organizations o on o.id = u.holder_id where u.kind = l.kind), 0)::bigint as used_by_org,
       coalesce(mine.used, 0)::bigint as used_by_user
  from app.quota_limits l
  left join app.quota_usage mine on mine.kind = l.kind and mine.holder_id = rls.current_user_id()
 where l.kind = 'sessions'
union all
select r.kind, l.per_org, l.per_user, l.own_per_org, l.own_per_user, null, r.by_org, r.by_user
  from rls.resource_use() r left join app.quota_limits l on l.kind = r.kind
 limit 5;

-- name: LockLimits :exec
-- The row of sessions stands for all kinds: it is always there. Not for update: that would make everyone wait who becomes a member.
select from app.quota_limits l where l.kind = 'sessions' for no key update of l;

-- name: SetOwnLimits :exec
insert into app.quota_limits (kind, own_per_org, own_per_user) values (@kind, @own_per_org, @own_per_user)
    on conflict (org_id, kind) do update set own_per_org = excluded.own_per_org, own_per_user = excluded.own_per_user;

-- name: SetOwnSessionLimits :exec
update app.quota_limits set own_per_org = @own_per_org, own_per_user = @own_per_user where kind = 'sessions';

-- name: MemberQuotas :many
-- In the order of ids. A member who is no admin sees their own row alone.
select u.id, u.name, q.used, q.own_limit, l.per_user::bigint as ceiling,
       least(l.per_user, coalesce(q.own_limit, l.own_per_user))::bigint as most
  from app.memberships m join app.users u on u.id = m.user_id
  join app.quota_usage q on q.holder_id = m.user_id and q.kind = 'sessions' join app.quota_limits l on l.kind = q.kind
 where m.user_id > @after_id::uuid and (m.ends_at is null or m.ends_at > now())
 order by m.user_id
 limit @page;

-- name: MemberQuota :one
select u.id, u.name, q.used, q.own_limit, l.per_user::bigint as ceiling,
       least(l.per_user, coalesce(q.own_limit, l.own_per_user))::bigint as most
  from app.memberships m join app.users u on u.id = m.user_id
  join app.quota_usage q on q.holder_id = m.user_id and q.kind = 'sessions' join app.quota_limits l on l.kind = q.kind
 where m.user_id = @id and (m.ends_at is null or m.ends_at > now());

-- name: LockMemberQuota :one
select u.id, u.name, q.used, q.own_limit, l.per_user::bigint as ceiling,
       least(l.per_user, coalesce(q.own_limit, l.own_per_user))::bigint as most
  from app.memberships m join app.users u on u.id = m.user_id
  join app.quota_usage q on q.holder_id = m.user_id and q.kind = 'sessions' join app.quota_limits l on l.kind = q.kind
 where m.user_id = @id and (m.ends_at is null or m.ends_at > now())
   for no key update of q;

-- name: SetMemberLimit :exec
update app.quota_usage set own_limit = @own_limit where holder_id = @id and kind = 'sessions';
