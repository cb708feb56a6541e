-- Rules on functions.
create or replace function rls.rules_functions() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  function as (select * from rls.catalogue_functions()),
  pin as (select * from rls.rules_pins())

-- R20 Every SECURITY DEFINER function is in rls, belongs to the definer and fixes its search_path.
-- It runs with more rights than its caller. So its owner must have few rights, and the caller must not be able to
-- substitute an object.
select 'R20', f.label, format('is owned by %s, with %s', f.owner::regrole, f.settings)
  from function f
 where f.definer
   and (f.space <> 'rls' or f.owner::regrole::text <> 'streamspace_definer' or not 'search_path=pg_catalog, pg_temp' = any (f.settings))

-- R21 Every function is in rls, belongs to the owner or the definer, is in SQL or PL/pgSQL, and PUBLIC cannot execute it.
-- No rule here checks a function elsewhere, of another owner, or in a language that can reach the server.
union all
select 'R21', f.label, case when exists (select from aclexplode(f.acl) x where x.grantee = 0) then 'can be executed by public'
         else format('is owned by %s, in %s', f.owner::regrole, f.language) end
  from function f
 where f.space <> 'rls' or f.language not in ('sql', 'plpgsql')
    or f.owner::regrole::text not in ('streamspace_owner', 'streamspace_definer')
    or exists (select from aclexplode(f.acl) x where x.grantee = 0)

-- R22 No function of ours is LEAKPROOF.
-- The planner may call a leakproof function on rows before the policies filter them.
union all
select 'R22', f.label, 'is leakproof' from function f where f.leakproof

-- R23 The functions that say who acts, the audit log's hash function, and those that lock to place sessions are unchanged: body,
-- volatility, settings and owner. Every policy relies on the first, verifying the audit log on the second, and that the third lock
-- is noticed only in a race.
union all
select 'R23', coalesce(pin.object, f.label), coalesce(f.says, 'is missing')
  from (select object, text from pin where rule = 'R23') pin
  full join (
    select f.label, format('%s %s %s %s %s %s %s', f.owner::regrole, f.language, p.provolatile, p.proparallel, p.prosecdef,
             f.settings, encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')) as says
      from function f join pg_proc p on p.oid = f.oid
     where f.space = 'rls' and p.proname ~ '^(current_|is_(admin|owner|viewer)$|no_org$|audit_hash$|use_slot$|provide_slots$|leave_lost_agents$|note_silent_agents$)'
  ) f on f.label = pin.object
 where f.says is distinct from pin.text
$rules$;
comment on function rls.rules_functions() is 'Rules: functions.';
