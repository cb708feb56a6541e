-- +goose Up
-- Reading the audit log by action, in its order.
create index audit_log_of_action on app.audit_log (org_id, action, seq desc);

-- +goose Down
drop index app.audit_log_of_action;
