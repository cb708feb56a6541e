package sqllint

import (
	"maps"
	"slices"
	"strings"
)

// tenant finds where a statement names an organisation. It is closed: a column that says whose a row is may stand in
// the places that are listed here, and nowhere else, under no other name, and nothing else may take its name.
type tenant struct {
	*faults
	sources map[string]string // what FROM calls a table, a subquery or a function, and what that is
	fine    map[float64]bool  // the places of the columns that may stand where they do
}

// orgNames are what names an organisation in app.organizations: each is a key there.
var orgNames = []string{"id", "slug", "namespace"}

const organizations = "app.organizations"

// checkTenant says where a statement names an organisation as a value, or could under another name.
func checkTenant(top node, f *faults) {
	t := &tenant{faults: f, sources: map[string]string{}, fine: map[float64]bool{}}
	top.walk(func(n node) bool { t.findSource(n); return true })
	t.output(top, "the result")
	top.walk(func(n node) bool { t.allow(n); return true })
	top.walk(func(n node) bool { t.refuse(n); return n.kind != "Param" })
}

// findSource takes note of what FROM calls things, and refuses what gives columns other names.
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

// isOrg tells whether a column says whose a row is.
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

// output looks at what a select, or a returning, gives out, and to what: the statement's result, or a part of the
// statement that goes on with it.
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
			t.say("selects * into %s: org_id is among what it selects", to)
		case star:
			t.fine[value.at()] = true
		case org && (to == "a union" || to == "a comparison"):
			t.say("hands org_id to %s", to)
		case org && to == "a subquery" && name != "org_id":
			t.say("calls %s %s, which hides whose a row is", strings.Join(column, "."), name)
		case org:
			t.fine[value.at()] = true
		case name == "org_id" && to != "the result":
			t.say("calls something else org_id")
		}
	}
}

// allow takes note of the columns that stand in one of the places where an organisation's column may.
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

// compare lets an organisation's column stand beside one of another table, alone or in a row of both.
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

// ofTable tells whether a qualified column is that of one of app's tables, or still carries the name that it has there.
func (t *tenant) ofTable(column []string) bool {
	return strings.HasPrefix(t.sources[column[len(column)-2]], "app.") || column[len(column)-1] == "org_id"
}

// subquery looks at a subquery in an expression: exists hands nothing on, `(org_id, …) in (select org_id, …)` is a
// join, and anything else would make a value of an organisation.
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

// pairs lets an organisation's column stand beside the one that a subquery selects in its place.
func (t *tenant) pairs(columns, out []node) {
	for i := range out {
		value, _ := out[i].child("val")
		a, b := columns[i], value
		if t.isOrg(a.column()) && t.isOrg(b.column()) {
			t.fine[a.at()], t.fine[b.at()] = true, true
		}
	}
}

// refuse says what stands where it may not.
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
		t.say("makes a value of a whole row, org_id and all")
	case t.isOrg(column):
		t.say("has %s beside something that is no column of another table", strings.Join(column, "."))
	case len(column) == 1 && isSource:
		t.say("makes a value of the row %s, org_id and all", last)
	case len(column) == 1 && slices.Contains(orgNames, last) && t.reaches(organizations):
		t.say("has %s without its table, where organizations is one", last)
	}
}

func (t *tenant) reaches(table string) bool {
	return slices.Contains(slices.Collect(maps.Values(t.sources)), table)
}
