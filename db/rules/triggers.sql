-- What runs by itself.
create or replace function rls.rules_triggers() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  relation as (select * from rls.catalogue_relations())

-- R24 Triggers run SECURITY DEFINER functions of the definer and are all enabled, foreign keys' own included.
-- They number, chain and count whoever writes; a disabled foreign key lets a row point into another organisation.
select 'R24', t.tgrelid::regclass::text,
       format('%s runs %s%s', t.tgname, t.tgfoid::regprocedure, case when t.tgenabled <> 'O' then ', and is not enabled' end)
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join relation r on r.oid = t.tgrelid
 where t.tgenabled <> 'O'
    or not t.tgisinternal
       and (not p.prosecdef or p.proowner::regrole::text <> 'streamspace_definer' or p.pronamespace <> to_regnamespace('rls'))

-- R25 There are no event triggers, and no rules but those that make views.
-- Both run unseen when somebody else works, with that one's rights.
union all
select 'R25', e.evtname, 'is an event trigger that runs ' || e.evtfoid::regprocedure from pg_event_trigger e
 where (e.tableoid, e.oid) not in (select r.class, r.object from rls.rules_reviewed() r)
union all
select 'R25', w.ev_class::regclass::text, 'has the rule ' || w.rulename
  from pg_rewrite w join relation r on r.oid = w.ev_class
 where w.rulename <> '_RETURN'
$rules$;
comment on function rls.rules_triggers() is 'Rules: what runs by itself.';
