-- Triggers, and rewrite rules other than those of views. The triggers of a foreign key are listed only when they are
-- disabled.
select concat_ws(' ', pg_get_triggerdef(t.oid),
         case t.tgenabled when 'D' then 'disabled' when 'R' then 'enabled on a replica' when 'A' then 'enabled always' end)
  from pg_trigger t
 where not t.tgisinternal
union all
select format('trigger of constraint %s on %s is not enabled', k.conname, t.tgrelid::regclass)
  from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint
 where t.tgisinternal and t.tgenabled <> 'O'
union all
select pg_get_ruledef(w.oid) from pg_rewrite w where w.oid >= 16384 and w.rulename <> '_RETURN'
union all
select format('event trigger %s on %s executes %s', e.evtname, e.evtevent, e.evtfoid::regprocedure) from pg_event_trigger e
 where (e.tableoid, e.oid) not in (select r.class, r.object from rls.rules_reviewed() r)
