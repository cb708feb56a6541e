-- The functions.
create or replace function rls.rules_functions() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  function as (select * from rls.catalogue_functions()),
  pin as (select * from rls.rules_pins())

-- R20 A SECURITY DEFINER function stands in rls, is the definer's, and fixes its search_path.
-- It acts past the caller's rights: as a role that may do little, and on no object that the caller put in its way.
select 'R20', f.label, format('is owned by %s, with %s', f.owner::regrole, f.settings)
  from function f
 where f.definer
   and (f.space <> 'rls' or f.owner::regrole::text <> 'streamspace_definer' or not 'search_path=pg_catalog, pg_temp' = any (f.settings))

-- R21 Every function stands in rls, is ours, in SQL or PL/pgSQL, and cannot be executed by PUBLIC.
-- A function elsewhere, of another's, or in a language that reaches the server, is a way in that no rule here looks at.
union all
select 'R21', f.label, case when exists (select from aclexplode(f.acl) x where x.grantee = 0) then 'can be executed by public'
         else format('is owned by %s, in %s', f.owner::regrole, f.language) end
  from function f
 where f.space <> 'rls' or f.language not in ('sql', 'plpgsql')
    or f.owner::regrole::text not in ('streamspace_owner', 'streamspace_definer')
    or exists (select from aclexplode(f.acl) x where x.grantee = 0)

-- R22 No function of ours is LEAKPROOF.
-- Such a one is called with rows before the policies have decided about them.
union all
select 'R22', f.label, 'is leakproof' from function f where f.leakproof

-- R23 The functions that say who acts, and the audit log's hash, are as they were made: body, volatility, settings and owner.
-- Every policy believes the ones, and whoever verifies the log the other.
union all
select 'R23', coalesce(pin.object, f.label), coalesce(f.says, 'is missing')
  from (select object, text from pin where rule = 'R23') pin
  full join (
    select f.label, format('%s %s %s %s %s %s %s', f.owner::regrole, f.language, p.provolatile, p.proparallel, p.prosecdef,
             f.settings, encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex')) as says
      from function f join pg_proc p on p.oid = f.oid
     where f.space = 'rls' and p.proname ~ '^(current_|is_(admin|owner|viewer)$|no_org$|audit_hash$)'
  ) f on f.label = pin.object
 where f.says is distinct from pin.text
$rules$;
comment on function rls.rules_functions() is 'Rules: the functions.';
