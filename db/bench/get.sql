-- A request for one session, as the API sends it: the entry, and a point read under the policies.
\startpipeline
begin;
select rls.enter(:org, :usr, :role, :credential, true);
select s.id, s.owner_id, s.name, s.state from app.sessions s where s.id = :session;
commit;
\endpipeline
