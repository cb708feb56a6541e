package sqllint

import (
	"regexp"
	"slices"
	"strings"
)

// orgFunctions are the functions that a query inside an organisation may call. Each was reviewed: none changes a
// setting or takes an organisation. These bypass the policies: rls.own_orgs for the organisations of the caller, whom it
// takes from the scope; rls.free_agent, rls.start_elsewhere, rls.leave_lost_agents, rls.note_silent_agents and
// rls.agent_has_room for what is known of agents that serve the organisation of the scope; rls.predates_restore for the
// time of a restore; rls.create_key, rls.rotate_key and rls.set_settings for
// columns that the app role cannot write; rls.verify_audit for the head of the organisation's audit log;
// rls.remove_old_events for the beginning of its event log, which no role that enters may remove; rls.resource_use for the
// sums over all sessions of the organisation of the scope, of which a member sees their own.
var orgFunctions = []string{
	"now", "count", "min", "max", "sum", "lower", "position", "substr", "make_interval",
	"rls.current_user_id", "rls.current_credential_id", "rls.own_orgs", "rls.free_agent", "rls.start_elsewhere",
	"rls.predates_restore", "rls.leave_lost_agents", "rls.note_silent_agents", "rls.agent_has_room",
	"rls.create_key", "rls.rotate_key", "rls.set_settings", "rls.verify_audit", "rls.remove_old_events",
	"rls.resource_use",
}

// foreign matches the functions that report whether an id is another organisation's, one for each resource. They bypass
// the policies for this one bit (ADR 1).
var foreign = regexp.MustCompile(`^rls\.[a-z_]+_is_foreign$`)

// operators are the operators that a query may use. An unknown operator may be two without a space between, such as =@.
var operators = []string{"=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "||", "->", "->>", "~~", "BETWEEN"}

// kinds are the commands of sqlc that the adapter supports. It does not support the others (ADR 2): a queued write has
// no row count, and a batch or a copy cannot share the round trip that enters.
var kinds = []string{":one", ":many", ":exec"}

// InOrg returns the mistakes in a query of sql/org, which runs inside a scope.
func InOrg(q Query) []Fault {
	f := q.faults()
	q.checkKind(f)
	top, ok := q.parsed(f)
	if !ok {
		return f.said
	}
	if !top.is("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt") {
		f.say("is a %s: a query selects, inserts, updates or deletes", top.kind)
		return f.said
	}
	ctes := cteNames(top)
	top.walk(func(n node) bool {
		switch n.kind {
		case "FuncCall":
			name := strings.TrimPrefix(strings.Join(n.names("funcname"), "."), "pg_catalog.")
			if !slices.Contains(orgFunctions, name) && !foreign.MatchString(name) {
				f.say("calls %s, which is not on the list", name)
			}
		case "LockingClause":
			return false // `for update of` names what FROM has
		case "RangeVar":
			if !strings.HasPrefix(n.table(), "app.") && !slices.Contains(ctes, n.table()) {
				f.say("reaches %s: use the tables of the schema app, with the schema's name", n.table())
			}
		case "A_Expr":
			if !slices.Contains(operators, n.operator()) {
				f.say("has the operator %s, which is not on the list", n.operator())
			}
		case "SQLValueFunction", "MergeStmt", "RangeTableFunc", "JsonTable", "RangeTableSample":
			f.say("has a %s", n.kind)
		case "IntoClause":
			f.say("creates a table")
		}
		return true
	})
	checkTenant(top, f)
	if q.Kind == ":many" && !bounded(top) {
		f.say("has no limit: an organisation can have any number of rows")
	}
	return f.said
}

// InSystem returns the mistakes in a query of sql/system, which runs without an organisation. bounded names the
// functions that limit their rows.
func InSystem(q Query, limited func(function string) bool) []Fault {
	f := q.faults()
	q.checkKind(f)
	top, ok := q.parsed(f)
	if !ok {
		return f.said
	}
	if !top.is("SelectStmt") {
		f.say("is a %s: without an organisation there are only functions to select from", top.kind)
		return f.said
	}
	limits := hasLimit(top)
	top.walk(func(n node) bool {
		switch n.kind {
		case "RangeVar":
			f.say("reaches %s: without an organisation there are only functions", n.table())
		case "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt", "IntoClause":
			f.say("has a %s", n.kind)
		case "FuncCall":
			name := strings.Join(n.names("funcname"), ".")
			if !strings.HasPrefix(name, "rls.") || strings.HasPrefix(name, "rls.enter") || name == "rls.scope" {
				f.say("calls %s: only functions of rls, and none that enters", name)
			}
			limits = limits || limited(name)
		}
		return true
	})
	if q.Kind == ":many" && !limits {
		f.say("has no limit, and its function has none")
	}
	return f.said
}

func (q Query) checkKind(f *faults) {
	if !slices.Contains(kinds, q.Kind) {
		f.say("is %s: a query is one of %s", q.Kind, strings.Join(kinds, ", "))
	}
}

func cteNames(top node) []string {
	var all []string
	top.walk(func(n node) bool {
		if n.kind == "CommonTableExpr" {
			all = append(all, n.text("ctename"))
		}
		return true
	})
	return all
}

// bounded tells whether the number of rows has a bound: a select by its limit, a write by the id of its row.
func bounded(top node) bool {
	if top.is("SelectStmt") {
		return hasLimit(top)
	}
	where, _ := top.child("whereClause")
	conditions := []node{where}
	if where.kind == "BoolExpr" && where.text("boolop") == "AND_EXPR" {
		conditions = where.list("args")
	}
	return slices.ContainsFunc(conditions, func(c node) bool {
		left, _ := c.child("lexpr")
		right, _ := c.child("rexpr")
		name := left.column()
		return c.text("kind") == "AEXPR_OP" && c.operator() == "=" &&
			len(name) > 0 && name[len(name)-1] == "id" && right.is("Param")
	})
}

// hasLimit tells whether a select ends with a limit other than null or all.
func hasLimit(n node) bool {
	limit, ok := n.child("limitCount")
	return ok && !limit.flag("isnull")
}

// Twice lists the names that more than one query has.
func Twice(queries []Query) []Fault {
	first := map[string]string{}
	var all []Fault
	for _, q := range queries {
		if at, seen := first[q.Name]; seen {
			all = append(all, Fault(q.At+" "+q.Name+": is the name of the query at "+at+", too"))
		}
		first[q.Name] = q.At
	}
	return all
}
