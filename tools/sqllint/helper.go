package sqllint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// readsNoRow are our functions whose bodies touch no row.
var readsNoRow = []string{"rls.tenant_conditions_v1"}

// createOrgTable is the function that creates a table of an organisation's rows.
var createOrgTable = []string{"rls", "create_org_table_v1"}

// orgTable reports whether a statement calls createOrgTable, and checks the call. The new table forces its policies
// from the start, so the owner never sees its rows. It is empty, so its keys need no check.
func (h *half) orgTable(s node) bool {
	targets := s.list("targetList")
	if len(targets) != 1 || len(s.list("fromClause")) > 0 {
		return false
	}
	call, _ := targets[0].child("val")
	if call.kind != "FuncCall" || !slices.Equal(call.names("funcname"), createOrgTable) {
		return false
	}
	args := call.list("args")
	constant := func(a node) bool {
		if a.kind == "NamedArgExpr" {
			a, _ = a.child("arg")
		}
		return a.kind == "A_Const"
	}
	if len(args) < 3 || slices.ContainsFunc(args, func(a node) bool { return !constant(a) }) ||
		slices.ContainsFunc(args[:3], func(a node) bool { return a.literal() == "" }) {
		h.say("calls %s with something else than constants: write out its name, its columns and what it is",
			strings.Join(createOrgTable, "."))
		return true
	}
	made := fmt.Sprintf("create table app.%s (org_id uuid, %s)", args[0].literal(), args[1].literal())
	statements, err := parse(made)
	switch {
	case err != nil:
		h.say("makes the table app.%s of columns that do not parse: %v", args[0].literal(), err)
	case len(statements) != 1 || statements[0].kind != "CreateStmt":
		h.say("makes the table app.%s of columns that are statements of their own", args[0].literal())
	}
	return true
}

// kept matches functions that earlier migrations have used. Their names end with a version.
var kept = regexp.MustCompile(`_v[0-9]+$`)

// released refuses a change of such a function, because the migrations that called it would get another result.
func (h *half) released(s node) {
	var names [][]string
	switch s.kind {
	case "CreateFunctionStmt":
		if s.flag("replace") {
			names = append(names, s.names("funcname"))
		}
	case "AlterFunctionStmt":
		f, _ := s.child("func")
		names = append(names, f.names("objname"))
	case "DropStmt":
		for _, object := range s.list("objects") {
			names = append(names, object.names("objname"))
		}
	}
	for _, name := range names {
		if full := strings.Join(name, "."); h.up && kept.MatchString(full) {
			h.say("changes %s, which earlier migrations have used: create a function with the next version instead", full)
		}
	}
}

// backfillRows is the procedure that fills rows in batches, each in a transaction of its own.
var backfillRows = []string{"rls", "backfill_v1"}

// backfill checks a call statement. It may only call backfillRows, with constants that form one update.
func (h *half) backfill(s node) {
	call, _ := s.child("funccall")
	name, args := call.names("funcname"), call.list("args")
	switch {
	case !slices.Equal(name, backfillRows):
		h.say("calls %s, whose body may touch rows: write out what it does", strings.Join(name, "."))
		return
	case !h.loose:
		h.say("calls rls.backfill_v1 inside a transaction: begin the file with `-- +goose NO TRANSACTION`")
	case len(args) < 3 || slices.ContainsFunc(args, func(a node) bool { return a.kind != "A_Const" }):
		h.say("calls rls.backfill_v1 with something else than constants")
		return
	}
	update := fmt.Sprintf("update app.%s set %s where %s", args[0].literal(), args[1].literal(), args[2].literal())
	statements, err := parse(update)
	switch {
	case err != nil:
		h.say("fills rows of app.%s by what does not parse: %v", args[0].literal(), err)
	case len(statements) != 1 || statements[0].kind != "UpdateStmt" || slices.Contains(platform, "app."+args[0].literal()):
		h.say("fills rows of app.%s, which is no update of an organisation's table", args[0].literal())
	}
}
