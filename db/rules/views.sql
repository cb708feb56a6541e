-- Rules on views.
create or replace function rls.rules_views() returns table (rule text, object text, detail text)
  language sql stable
as $rules$
with
  relation as (select * from rls.catalogue_relations())

-- R18 Every view is a security_invoker view.
-- Any other view reads with the rights and the policies of its owner, instead of the caller's.
select 'R18', r.label, 'reads as its owner, ' || r.owner::regrole
  from relation r
 where r.kind = 'v' and not coalesce(r.options && array['security_invoker=true', 'security_invoker=on'], false)

-- R19 There are no materialised views.
-- A materialised view holds rows of every organisation that it was filled from, and cannot have policies.
union all
select 'R19', r.label, 'is a materialised view' from relation r where r.kind = 'm'
$rules$;
comment on function rls.rules_views() is 'Rules: views.';
