-- What every request adds: the entry into an organisation.
\startpipeline
begin;
select rls.enter(:org, :usr, :role, :credential, true);
commit;
\endpipeline
