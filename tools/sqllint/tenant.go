package sqllint

import (
	"maps"
	"slices"
	"strings"
)

// tenant finds the places where a statement names an organisation. It is an allowlist: the column of the organisation
// may only appear in the places that are listed here, under its own name, and nothing else may have that name.
type tenant struct {
	*faults
	sources map[string]string // what FROM calls a table, a subquery or a function, and what that is
	fine    map[float64]bool  // the places of the columns that may stand where they do
}

// orgNames are the columns of app.organizations that identify an organisation. Each is a key.
var orgNames = []string{"id", "slug", "namespace"}

const organizations = "app.organizations"

// checkTenant reports where a statement uses an organisation as a value, or could do so under another name.
func checkTenant(top node, f *faults) {
	t := &tenant{faults: f, sources: map[string]string{}, fine: map[float64]bool{}}
	top.walk(func(n node) bool { t.findSource(n); return n.kind != "LockingClause" })
	t.output(top, "the result")
	top.walk(func(n node) bool { t.allow(n); return true })
	top.walk(func(n node) bool { t.refuse(n); return n.kind != "Param" })
}

// findSource records the names in FROM, and refuses aliases that rename columns.
func (t *tenant) findSource(n node) {
	alias, _ := n.child("alias")
	name := alias.text("aliasname")
	switch n.kind {
	case "RangeVar":
		if name == "" {
			name = n.text("relname")
		}
		if t.sources[name] != organizations { // a name that is used twice is the stricter of the two
			t.sources[name] = n.table()
		}
	case "RangeSubselect", "RangeFunction":
		t.sources[name] = "" // it has whatever columns it likes
	}
	if n.kind == "RangeFunction" && name == "org_id" {
		t.say("calls a function's column org_id")
	}
	if len(alias.list("colnames"))+len(n.list("aliascolnames")) > 0 {
		t.say("renames columns behind their table: org_id could be among them")
	}
}

// isOrg reports whether a column contains a row's organisation.
func (t *tenant) isOrg(column []string) bool {
	if len(column) == 0 {
		return false
	}
	last := column[len(column)-1]
	if last == "org_id" {
		return true
	}
	return len(column) > 1 && t.sources[column[len(column)-2]] == organizations && slices.Contains(orgNames, last)
}

// output checks the columns that a select or a returning clause produces, and where they go: to the statement's result,
// or to another part of the statement.
func (t *tenant) output(n node, to string) {
	for _, arm := range []string{"larg", "rarg"} {
		if inner, ok := n.child(arm); ok {
			t.output(inner, "a union")
		}
	}
	given := n.list("returningList")
	if n.kind == "SelectStmt" { // an update's targets are what it sets
		given = n.list("targetList")
	}
	for _, out := range given {
		value, _ := out.child("val")
		column := value.column()
		name := out.text("name")
		if name == "" && len(column) > 0 {
			name = column[len(column)-1]
		}
		star := len(column) > 0 && column[len(column)-1] == "*"
		switch org := t.isOrg(column); {
		case star && (to == "a union" || to == "a comparison"):
			t.say("selects * into %s: that includes org_id", to)
		case star:
			t.fine[value.at()] = true
		case org && (to == "a union" || to == "a comparison"):
			t.say("hands org_id to %s", to)
		case org && to == "a subquery" && name != "org_id":
			t.say("calls %s %s, which hides the organisation", strings.Join(column, "."), name)
		case org:
			t.fine[value.at()] = true
		case name == "org_id" && to != "the result":
			t.say("calls something else org_id")
		}
	}
}

// allow records columns in places where an organisation's column is allowed.
func (t *tenant) allow(n node) {
	switch n.kind {
	case "RangeSubselect":
		inner, _ := n.child("subquery")
		t.output(inner, "a subquery")
	case "CommonTableExpr":
		inner, _ := n.child("ctequery")
		t.output(inner, "a subquery")
	case "SubLink":
		t.subquery(n)
	case "A_Expr":
		left, _ := n.child("lexpr")
		right, _ := n.child("rexpr")
		if slices.Contains([]string{"AEXPR_OP", "AEXPR_DISTINCT", "AEXPR_NOT_DISTINCT"}, n.text("kind")) {
			t.compare(left, right)
		}
	case "NullTest":
		t.pass(n, "arg")
	case "SortBy":
		t.pass(n, "node")
	case "SelectStmt":
		for _, c := range append(n.list("groupClause"), n.list("distinctClause")...) {
			t.fine[c.at()] = true
		}
	case "WindowDef":
		for _, c := range n.list("partitionClause") {
			t.fine[c.at()] = true
		}
	}
}

func (t *tenant) pass(n node, field string) {
	if c, ok := n.child(field); ok && len(c.column()) > 0 {
		t.fine[c.at()] = true
	}
}

// compare allows comparing an organisation's column with that of another table, alone or in a row of both.
func (t *tenant) compare(left, right node) {
	l, r := left.list("args"), right.list("args")
	if left.kind == "RowExpr" && right.kind == "RowExpr" && len(l) == len(r) {
		for i := range l {
			t.compare(l[i], r[i])
		}
		return
	}
	a, b := left.column(), right.column()
	if len(a) < 2 || len(b) < 2 || a[len(a)-2] == b[len(b)-2] {
		return
	}
	if t.ofTable(a) && t.ofTable(b) {
		t.fine[left.at()], t.fine[right.at()] = true, true
	}
}

// ofTable reports whether a qualified column belongs to a table of app, or still has the name org_id.
func (t *tenant) ofTable(column []string) bool {
	return strings.HasPrefix(t.sources[column[len(column)-2]], "app.") || column[len(column)-1] == "org_id"
}

// subquery checks a subquery in an expression. An exists returns no column, and `(org_id, …) in (select org_id, …)` is
// a join. Every other subquery would use an organisation as a value.
func (t *tenant) subquery(n node) {
	inner, _ := n.child("subselect")
	left, compared := n.child("testexpr")
	columns := []node{left}
	if left.kind == "RowExpr" {
		columns = left.list("args")
	}
	out := inner.list("targetList")
	compared = compared && len(columns) == len(out) && inner.text("op") == "SETOP_NONE"
	switch {
	case n.text("subLinkType") == "EXISTS_SUBLINK":
		t.output(inner, "the result")
	case compared && n.text("subLinkType") == "ANY_SUBLINK":
		t.pairs(columns, out)
	default:
		t.output(inner, "a comparison")
	}
}

// pairs allows comparing an organisation's column with the one that a subquery selects in the same position.
func (t *tenant) pairs(columns, out []node) {
	for i := range out {
		value, _ := out[i].child("val")
		a, b := columns[i], value
		if t.isOrg(a.column()) && t.isOrg(b.column()) {
			t.fine[a.at()], t.fine[b.at()] = true, true
		}
	}
}

// refuse reports names of an organisation in places that are not allowed.
func (t *tenant) refuse(n node) {
	switch n.kind {
	case "ColumnRef":
		t.refuseColumn(n)
	case "Param":
		if name := n.text("name"); name == "org" || strings.HasSuffix(name, "org_id") {
			t.say("takes an organisation: @%s", name)
		}
	case "InsertStmt":
		t.refuseInsert(n)
	case "UpdateStmt", "OnConflictClause":
		for _, set := range n.list("targetList") {
			if set.text("name") == "org_id" {
				t.say("sets org_id")
			}
		}
	case "A_Indirection":
		t.say("takes a part of a row: org_id could be it")
	case "ColumnDef":
		if n.text("colname") == "org_id" {
			t.say("calls a function's column org_id")
		}
	}
}

func (t *tenant) refuseInsert(n node) {
	columns := n.list("cols")
	_, rows := n.child("selectStmt")
	if len(columns) == 0 && rows {
		t.say("inserts without saying into which columns: org_id is one")
	}
	for _, c := range columns {
		if c.text("name") == "org_id" {
			t.say("inserts into org_id, which the scope fills")
		}
	}
}

func (t *tenant) refuseColumn(n node) {
	column := n.column()
	last := column[len(column)-1]
	_, isSource := t.sources[last]
	switch {
	case t.fine[n.at()]:
	case last == "*":
		t.say("uses a whole row as a value, which includes org_id")
	case t.isOrg(column):
		t.say("uses %s other than in a comparison with the organisation of another table", strings.Join(column, "."))
	case len(column) == 1 && isSource:
		t.say("uses the row %s as a value, which includes org_id", last)
	case len(column) == 1 && slices.Contains(orgNames, last) && t.reaches(organizations):
		t.say("has %s without its table, where organizations is one", last)
	}
}

func (t *tenant) reaches(table string) bool {
	return slices.Contains(slices.Collect(maps.Values(t.sources)), table)
}
