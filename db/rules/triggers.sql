-- Rules on triggers and rewrite rules.
create or replace function rls.rules_triggers() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  relation as (select * from rls.catalogue_relations())

-- R24 Triggers run SECURITY DEFINER functions of the definer. All triggers are enabled, including those of foreign keys.
-- They number, chain and count rows for every writer. A disabled foreign key lets a row point into another
-- organisation.
select 'R24', t.tgrelid::regclass::text,
       format('%s runs %s%s', t.tgname, t.tgfoid::regprocedure, case when t.tgenabled <> 'O' then ', and is not enabled' end)
  from pg_trigger t join pg_proc p on p.oid = t.tgfoid join relation r on r.oid = t.tgrelid
 where t.tgenabled <> 'O'
    or not t.tgisinternal
       and (not p.prosecdef or p.proowner::regrole::text <> 'streamspace_definer' or p.pronamespace <> to_regnamespace('rls'))

-- R25 There are no event triggers, and no rewrite rules except those of views.
-- Both run unnoticed while another role works, with the rights of that role.
union all
select 'R25', e.evtname, 'is an event trigger that runs ' || e.evtfoid::regprocedure from pg_event_trigger e
 where (e.tableoid, e.oid) not in (select r.class, r.object from rls.rules_reviewed() r)
union all
select 'R25', w.ev_class::regclass::text, 'has the rule ' || w.rulename
  from pg_rewrite w join relation r on r.oid = w.ev_class
 where w.rulename <> '_RETURN'
$rules$;
comment on function rls.rules_triggers() is 'Rules: triggers and rewrite rules.';
