-- name: Usage :one
-- Sessions that have not ended, by state: the organisation's for an admin, the caller's own for everyone else. What is only shared with a
-- member has no events for them. One statement, so that the counts and the quota are of one moment.
select c.pending, c.starting, c.running, c.terminating,
       l.per_org as ceiling_per_org, l.per_user as ceiling_per_user, l.own_per_org, l.own_per_user,
       least(l.per_org, l.own_per_org)::bigint as per_org,
       least(l.per_user, coalesce(mine.own_limit, l.own_per_user))::bigint as per_user,
       coalesce((select u.used from app.quota_usage u join app.organizations o on o.id = u.holder_id where u.kind = l.kind), 0)::bigint as used_by_org,
       coalesce(mine.used, 0)::bigint as used_by_user,
       (@everyones::boolean and exists (
          select from app.agent_orgs s join app.agents a on a.id = s.agent_id
           where a.revoked_at is null and a.seen_at > now() - make_interval(secs => 30) and rls.agent_has_room(a.id)))::boolean as has_room
  from app.quota_limits l
  left join app.quota_usage mine on mine.kind = l.kind and mine.holder_id = rls.current_user_id()
 cross join (select count(*) filter (where s.state = 'pending') as pending, count(*) filter (where s.state = 'starting') as starting,
                    count(*) filter (where s.state = 'running') as running, count(*) filter (where s.state = 'terminating') as terminating
               from app.sessions s
              where s.state not in ('terminated', 'failed') and (@everyones::boolean or s.owner_id = rls.current_user_id())) c
 where l.kind = 'sessions';

-- name: HasRoom :one
-- Whether a host that serves the organisation takes another session now. A host is away 30 seconds after its last contact.
select exists (select from app.agent_orgs s join app.agents a on a.id = s.agent_id
                where a.revoked_at is null and a.seen_at > now() - make_interval(secs => 30) and rls.agent_has_room(a.id))::boolean as has_room;
