-- Rules on objects that lead out of the database or bypass the policies.
create or replace function rls.rules_outside() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
-- R35 There are no publications and no subscriptions.
-- A publication sends rows of every organisation to any subscriber and bypasses all policies.
select 'R35', p.pubname, 'is a publication' from pg_publication p
union all
select 'R35', s.subname, 'is a subscription'
  from pg_subscription s
 where s.subdbid = (select oid from pg_database where datname = current_database())

-- R36 There are no extensions except plpgsql and the reviewed ones, no foreign data wrappers and no foreign servers.
-- Each brings functions that no rule here has checked, and some open connections of their own.
union all
select 'R36', e.extname, 'is an extension' from pg_extension e 
 where e.extname <> 'plpgsql' and e.extname::text not in (select x.name from rls.rules_extensions() x)
union all
select 'R36', w.fdwname, 'is a foreign data wrapper' from pg_foreign_data_wrapper w
union all
select 'R36', s.srvname, 'is a foreign server' from pg_foreign_server s

-- R37 There are no user-defined operators, operator classes, casts or languages.
-- The planner may call an operator on rows that a policy hides, and a cast changes what a condition compares.
union all
select 'R37', pg_describe_object(x.class, x.oid, 0), 'is not PostgreSQL''s own'
  from (select 'pg_operator'::regclass, oid from pg_operator union all select 'pg_opclass'::regclass, oid from pg_opclass
        union all select 'pg_cast'::regclass, oid from pg_cast
        union all select 'pg_language'::regclass, oid from pg_language) x (class, oid)
 where x.oid >= 16384 and (x.class::oid, x.oid) not in (select r.class, r.object from rls.rules_reviewed() r)

-- R38 There are no large objects.
-- They belong to a role instead of an organisation, and have no policies.
union all
select 'R38', 'large object ' || l.oid, 'is owned by ' || l.lomowner::regrole from pg_largeobject_metadata l
$rules$;
comment on function rls.rules_outside() is 'Rules: objects that lead out of the database or bypass the policies.';
