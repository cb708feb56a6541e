-- Every exception to a rule, with its full text, so that a different object of the same name is still a violation. A new
-- policy, key or grant that a rule would refuse adds a row here, and the rules stay as they are. Review each row like a grant:
-- it has the same effect. Policies have the format of rls.catalogue_policy_text(): command, roles, conditions.
create or replace function rls.rules_pins() returns table (rule text, object text, text text)
  language plpgsql stable
as $pins$
#variable_conflict use_column
begin
  return query
    select * from (values
      -- The platform's own tables, which have no org_id.
      ('R01', 'app.organizations', ''),
      ('R01', 'app.users', ''),
      ('R01', 'app.agents', ''),
      ('R01', 'app.public_templates', ''),
      ('R01', 'app.installation', ''),
      ('R01', 'app.operator_log', ''),
      ('R01', 'app.password_resets', ''),
      ('R01', 'app.agent_slots', ''),
      -- Goose's table and its sequence, with their columns.
      ('R02', 'rls.goose_db_version',
       'id integer, version_id bigint, is_applied boolean, tstamp timestamp without time zone'),
      ('R02', 'rls.goose_db_version_id_seq', 'last_value bigint, log_cnt bigint, is_called boolean'),
      -- What the app role reads of the platform's own tables.
      ('R05', 'agents.serves_us',
       'r {streamspace_app} using (EXISTS ( SELECT FROM app.agent_orgs a WHERE (a.agent_id = agents.id)))'),
      ('R05', 'public_templates.inside_any_org',
       'r {streamspace_app} using ((select rls.current_org_id()) IS NOT NULL)'),
      ('R05', 'users.co_members',
       'r {streamspace_app} using ((EXISTS ( SELECT FROM app.memberships m WHERE (m.user_id = users.id))) OR '
       '(EXISTS ( SELECT FROM app.departures d WHERE (d.user_id = users.id))))'),
      -- What the definer writes of the platform's own rows, and where it has one policy for all commands.
      ('R06', 'agents.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'agents.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'agent_slots.definer_delete', 'd {streamspace_definer} using true'),
      ('R06', 'agent_slots.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'agent_slots.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'installation.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'operator_log.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'password_resets.definer_delete', 'd {streamspace_definer} using true'),
      ('R06', 'password_resets.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'password_resets.definer_update', 'w {streamspace_definer} using true'),
      ('R06', 'public_templates.definer_delete', 'd {streamspace_definer} using true'),
      ('R06', 'org_heads.definer_heads',
       '* {streamspace_definer} using (org_id = (select rls.current_org_id())) check (org_id = (select '
       'rls.current_org_id()))'),
      ('R06', 'public_templates.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'quota_limits.definer_limits',
       '* {streamspace_definer} using (org_id = (select rls.current_org_id())) check (org_id = (select '
       'rls.current_org_id()))'),
      ('R06', 'quota_usage.definer_usage',
       '* {streamspace_definer} using (org_id = (select rls.current_org_id())) check (org_id = (select '
       'rls.current_org_id()))'),
      ('R06', 'users.definer_insert', 'a {streamspace_definer} check true'),
      ('R06', 'users.definer_update', 'w {streamspace_definer} using true'),
      -- Unique indexes over all organisations: of random ids, of secrets' hashes, and of the organisations themselves.
      ('R10', 'app.credentials_secret',
       'CREATE UNIQUE INDEX credentials_secret ON app.credentials USING btree (secret_hash)'),
      ('R10', 'app.credentials_public',
       'CREATE UNIQUE INDEX credentials_public ON app.credentials USING btree (public_id)'),
      ('R10', 'app.tickets_secret', 'CREATE UNIQUE INDEX tickets_secret ON app.tickets USING btree (secret_hash)'),
      ('R10', 'app.templates_id', 'CREATE UNIQUE INDEX templates_id ON app.templates USING btree (id)'),
      ('R10', 'app.sessions_id', 'CREATE UNIQUE INDEX sessions_id ON app.sessions USING btree (id)'),
      ('R10', 'app.invitations_id', 'CREATE UNIQUE INDEX invitations_id ON app.invitations USING btree (id)'),
      ('R10', 'app.invitations_secret',
       'CREATE UNIQUE INDEX invitations_secret ON app.invitations USING btree (secret_hash)'),
      ('R10', 'app.organizations_slug_key',
       'CREATE UNIQUE INDEX organizations_slug_key ON app.organizations USING btree (slug)'),
      ('R10', 'app.organizations_namespace_key',
       'CREATE UNIQUE INDEX organizations_namespace_key ON app.organizations USING btree (namespace)'),
      -- Who is a member of what.
      ('R15', 'streamspace_migrator', 'streamspace_owner'),
      ('R15', 'streamspace_owner', 'streamspace_definer'),
      -- Functions that every policy, or a reader of the audit log, believes: owner, language, volatility, parallel safety,
      -- security definer, settings, and the SHA-256 of the body.
      ('R23', 'rls.audit_hash(bytea,app.audit_log)',
       'streamspace_definer sql s u f {"search_path=pg_catalog, pg_temp",TimeZone=UTC} '
       'b17baeb9c0d3393de0fe14f4d9101259c175be178be1807ab31bd3b859c921cf'),
      ('R23', 'rls.no_org()',
       'streamspace_owner plpgsql s s f {"search_path=pg_catalog, pg_temp"} '
       '5993eba4d95f406477a7fc3ba63902513fde2c2c1537bbb200b6f8c012bd490a'),
      ('R23', 'rls.current_org_id()',
       'streamspace_owner sql s s f {} 3c88b9df0b6502199139893cfe71063f2c93b0228d0148b17ca4ffcba0e935ca'),
      ('R23', 'rls.current_user_id()',
       'streamspace_owner sql s s f {} 64a18099d310c7c3bbf5bb877d525499119050259c0701783c282912393a41ea'),
      ('R23', 'rls.current_credential_id()',
       'streamspace_owner sql s s f {} 66fb5dd68400fdecbdc3dc6bfa4fe98dcd3f21b5d993d95088765b7564e624e5'),
      ('R23', 'rls.current_agent_id()',
       'streamspace_owner sql s s f {} 2ee506c15c56f715fb1045abb6f00ad08bfd606ee722d981b58fb37c079b19e8'),
      ('R23', 'rls.current_session_id()',
       'streamspace_owner sql s s f {} a07a7f59b7d7bb813bdb155949baaeb0923bc1df9e2833b2680b7200736ebd6b'),
      ('R23', 'rls.is_admin()',
       'streamspace_owner sql s s f {} 1f5f825efb4fa18df870f9de7d4803d16e6806778e9453860983eb8ea175a465'),
      ('R23', 'rls.is_owner()',
       'streamspace_owner sql s s f {} ec773fcc23392136ac5f054bb6cf802b86bb85ab7320390409c79746e66a9bbc'),
      ('R23', 'rls.is_viewer()',
       'streamspace_owner sql s s f {} abd6554908eaca88d356a52ebc1620d4715d94e43b19ca3bfe1e5d67f5993c7f'),
      ('R23', 'rls.leave_lost_agents(integer,integer)',
       'streamspace_definer sql v u t {"search_path=pg_catalog, pg_temp"} '
       '49de54e85907c4cdbcf0d9e7ad57ee5810f94711730deb61465ec02378f91bf3'),
      ('R23', 'rls.note_silent_agents(integer,integer)',
       'streamspace_definer sql v u t {"search_path=pg_catalog, pg_temp"} '
       '32949cdfeacd2859644d6dcbcb5576d287f37b22c21f00366bf23aaf39aca5e6'),
      ('R23', 'rls.provide_slots(uuid,integer)',
       'streamspace_definer plpgsql v u f {"search_path=pg_catalog, pg_temp"} '
       'bab06f8192bf2c9d1c87f6fbafa05dfb1fce74e2bc64b95cec553b8b711210f1'),
      ('R23', 'rls.use_slot()',
       'streamspace_definer plpgsql v u t {"search_path=pg_catalog, pg_temp"} '
       '41b8b557dec8dd615c649c26607774c07beada05aa957deadd779bb051b0f308'),
      -- Columns that the database fills, and what the definer's functions write of them.
      ('R27 filled', 'app.events', 'seq at actor owner_id'),
      ('R27 filled', 'app.audit_log', 'seq at actor previous hash'),
      ('R27 filled', 'app.sessions', 'generation observed_epoch created_at end_wanted_at ended_at waits_since'),
      ('R27 filled', 'app.tickets', 'credential_id ends_at'),
      ('R27 filled', 'app.invitations', 'invited_by created_at ends_at'),
      ('R27 filled', 'app.idempotency_keys', 'user_id ends_at'),
      ('R27 filled', 'app.quota_usage', 'used'),
      ('R27 filled', 'app.org_heads', 'event_seq audit_seq audit_hash'),
      ('R27', 'app.org_heads', 'insert to streamspace_definer'),
      ('R27', 'app.org_heads', 'update (event_seq) to streamspace_definer'),
      ('R27', 'app.org_heads', 'update (audit_seq) to streamspace_definer'),
      ('R27', 'app.org_heads', 'update (audit_hash) to streamspace_definer'),
      ('R27', 'app.events', 'insert (owner_id) to streamspace_definer'),
      ('R27', 'app.quota_usage', 'insert to streamspace_definer'),
      ('R27', 'app.quota_usage', 'update (used) to streamspace_definer'),
      -- Who sets a scope, and the locks by which migrations take turns.
      ('R31', 'set_config(text,text,boolean)', 'streamspace_definer'),
      ('R31', 'set_config(text,text,boolean)', 'streamspace_backup'),
      ('R31', 'pg_try_advisory_lock(bigint)', 'streamspace_owner'),
      ('R31', 'pg_try_advisory_lock(bigint)', 'streamspace_migrator'),
      ('R31', 'pg_advisory_unlock(bigint)', 'streamspace_owner'),
      ('R31', 'pg_advisory_unlock(bigint)', 'streamspace_migrator'),
      -- Who creates, and what later tables give.
      ('R32', 'rls', 'streamspace_definer'),
      ('R33', 'streamspace_owner', 'select on later r to streamspace_backup'),
      ('R33', 'streamspace_owner', 'select on later S to streamspace_backup'),
      -- What a role inside an organisation may not do.
      ('R39', 'audit_log.about_reported_session',
       'a {streamspace_agent} check (subject = ((select rls.current_session_id()))::text)'),
      ('R39', 'audit_log.own_or_admin',
       'r {streamspace_app} using ((actor = (''user:''::text || (select rls.current_user_id()))) OR (select '
       'rls.is_admin()))'),
      ('R39', 'audit_log.viewers_insert_refusals',
       'a {streamspace_app} check ((NOT (select rls.is_viewer())) OR (action = ''credential.sign_out''::text) OR '
       '(action = ''key.revoke''::text) OR ("right"(action, 8) = ''.refused''::text))'),
      ('R39', 'credentials.own_or_admin',
       '* {streamspace_app} using ((user_id = (select rls.current_user_id())) OR ((select rls.is_admin()) AND '
       '((role <> ''owner''::text) OR (select rls.is_owner()))))'),
      ('R39', 'events.about_own',
       'a {streamspace_app} check ((select rls.is_admin()) OR ((NOT (select rls.is_viewer())) AND (audience = '
       '''owner''::text) AND (owner_id = (select rls.current_user_id()))))'),
      ('R39', 'events.about_reported_session',
       'a {streamspace_agent} check (subject_id = (select rls.current_session_id()))'),
      ('R39', 'events.own_or_everyones',
       'r {streamspace_app} using ((audience = ''everyone''::text) OR (owner_id = (select '
       'rls.current_user_id())) OR ((audience <> ''private''::text) AND (select rls.is_admin())))'),
      ('R39', 'idempotency_keys.ended_delete', 'd {streamspace_app,streamspace_system} using (ends_at < now())'),
      ('R39', 'idempotency_keys.own_only', '* {streamspace_app} using (user_id = (select rls.current_user_id()))'),
      ('R39', 'invitations.admins_only', '* {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'invitations.ended_delete', 'd {streamspace_system} using (ends_at < now())'),
      ('R39', 'invitations.owners_invite_owners',
       'a {streamspace_app} check ((role <> ''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'invitations.owners_revoke_owners',
       'd {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'memberships.admins_delete', 'd {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'memberships.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'memberships.ended_delete', 'd {streamspace_system} using (ends_at < now())'),
      ('R39', 'memberships.owners_make_owners',
       'w {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner())) check ((role <> '
       '''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'memberships.owners_remove_owners',
       'd {streamspace_app} using ((role <> ''owner''::text) OR (select rls.is_owner()))'),
      ('R39', 'quota_limits.admins_insert',
       'a {streamspace_app} check ((kind <> ''sessions''::text) AND (select rls.is_admin()))'),
      ('R39', 'quota_limits.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'quota_usage.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'quota_usage.own_or_orgs',
       'r {streamspace_app} using ((holder_id = org_id) OR (holder_id = (select rls.current_user_id())) OR '
       '(select rls.is_admin()))'),
      ('R39', 'sessions.own_or_admin',
       '* {streamspace_app} using ((owner_id = (select rls.current_user_id())) OR (select rls.is_admin()))'),
      ('R39', 'sessions.reported_session',
       '* {streamspace_agent} using ((id = (select rls.current_session_id())) AND (agent_id = (select '
       'rls.current_agent_id())))'),
      ('R39', 'sessions.viewers_insert_none', 'a {streamspace_app} check (NOT (select rls.is_viewer()))'),
      ('R39', 'sessions.viewers_update_none', 'w {streamspace_app} using (NOT (select rls.is_viewer()))'),
      ('R39', 'templates.admins_delete', 'd {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'templates.admins_insert', 'a {streamspace_app} check (select rls.is_admin())'),
      ('R39', 'templates.admins_update', 'w {streamspace_app} using (select rls.is_admin())'),
      ('R39', 'tickets.of_a_session_in_reach',
       'a {streamspace_app} check ((NOT (select rls.is_viewer())) AND (EXISTS ( SELECT FROM app.sessions s WHERE '
       '(s.id = tickets.session_id))))')
    ) p (rule, object, text);
end
$pins$;
comment on function rls.rules_pins() is 'The exceptions to the rules, each with its full text.';
