-- Roles that a policy could be widened to.
select rolname::text from pg_roles
 where rolname ~ '^streamspace_' and rolname not in ('streamspace_owner', 'streamspace_migrator') order by 1
