package proof

import (
	"fmt"
	"slices"
	"strings"
)

// rowPolicy is one row-level security policy, as it would be written.
type rowPolicy struct {
	Table, Name   string
	Permissive    bool
	Command       string
	Roles         []string
	Reads, Writes string // USING and WITH CHECK; empty where there is none
	// Users have a privilege on the table: "streamspace_app select".
	Users []string
}

func (p rowPolicy) create() string {
	var b strings.Builder
	as := "restrictive"
	if p.Permissive {
		as = "permissive"
	}
	roles := strings.Join(p.Roles, ", ")
	fmt.Fprintf(&b, "create policy %s on %s as %s for %s to %s", p.Name, p.Table, as, p.Command, roles)
	if p.Reads != "" {
		fmt.Fprintf(&b, " using (%s)", p.Reads)
	}
	if p.Writes != "" {
		fmt.Fprintf(&b, " with check (%s)", p.Writes)
	}
	return b.String()
}

// covers tells whether the policy holds for a role's command.
func (p rowPolicy) covers(user string) bool {
	role, command, _ := strings.Cut(user, " ")
	return (p.Command == "all" || p.Command == command) &&
		(slices.Contains(p.Roles, role) || slices.Contains(p.Roles, "public"))
}

const (
	unused = "no role has the privilege that the policy is for"
	same   = "its new roles lack the privilege, or are let through as far already"
)

// mutants are the policy gone, and the policy in every wider form. What a restrictive policy is narrowed to widens as
// well.
func (p rowPolicy) mutants(from catalogue) []Mutant {
	drop := fmt.Sprintf("drop policy %s on %s", p.Name, p.Table)
	object := p.Table + ": " + p.Name
	out := []Mutant{{Kind: "policy-drop", Object: object, SQL: drop, Idle: p.idle("")}}
	add := func(kind, how string, change func(*rowPolicy)) {
		other := p
		other.Roles = slices.Clone(p.Roles)
		change(&other)
		m := Mutant{Kind: kind, Object: strings.TrimSpace(object + " " + how), SQL: drop + "; " + other.create()}
		switch kind {
		case "policy-to", "policy-for-all":
			if !p.gives(other, from.policies) {
				m.Idle = same
			}
		case "policy-not-to":
			m.Idle = p.idle(how)
		default:
			m.Idle = p.idle("")
		}
		out = append(out, m)
	}
	if p.Permissive {
		p.widened(from.roles, add)
	} else {
		p.narrowed(add)
	}
	if p.Reads != "" && p.Reads != "true" {
		add("policy-using-true", "", func(o *rowPolicy) { o.Reads = "true" })
		for _, v := range from.variants[condition(p.Reads)] {
			add("policy-using-without", v.Without, func(o *rowPolicy) { o.Reads = v.Text })
		}
	}
	if p.Writes != "" && p.Writes != "true" {
		add("policy-check-true", "", func(o *rowPolicy) { o.Writes = "true" })
		for _, v := range from.variants[condition(p.Writes)] {
			add("policy-check-without", v.Without, func(o *rowPolicy) { o.Writes = v.Text })
		}
	}
	return out
}

// condition is what variants are wanted of.
func condition(text string) source { return source{"expression", text} }

// idle says so where the policy binds no role, or not the one that is named.
func (p rowPolicy) idle(role string) string {
	for _, user := range p.Users {
		if p.covers(user) && (role == "" || strings.HasPrefix(user, role+" ")) {
			return ""
		}
	}
	return unused
}

// gives tells whether a wider form of the policy lets a role through where no other policy of the table does, in the
// same words or without condition.
func (p rowPolicy) gives(wider rowPolicy, all []rowPolicy) bool {
	return slices.ContainsFunc(p.Users, func(user string) bool {
		return !p.covers(user) && wider.covers(user) && !slices.ContainsFunc(all, func(o rowPolicy) bool {
			return o.Table == p.Table && o.Permissive && o.covers(user) &&
				(o.allows(user) == "true" || o.allows(user) == wider.allows(user))
		})
	})
}

// allows is the condition under which a policy lets a command through.
func (p rowPolicy) allows(user string) string {
	switch {
	case strings.HasSuffix(user, " insert") && p.Writes != "":
		return p.Writes
	case strings.HasSuffix(user, " update") && p.Writes != "":
		return p.Reads + p.Writes
	case strings.HasSuffix(user, " update"):
		return p.Reads + p.Reads
	}
	return p.Reads
}

// widened makes a permissive policy hold for others and for more.
func (p rowPolicy) widened(roles []role, add func(kind, how string, change func(*rowPolicy))) {
	add("policy-to", "public", func(o *rowPolicy) { o.Roles = []string{"public"} })
	for _, r := range roles {
		if !slices.Contains(p.Roles, r.Name) {
			add("policy-to", r.Name, func(o *rowPolicy) { o.Roles = append(o.Roles, r.Name) })
		}
	}
	if p.Command != "all" {
		add("policy-for-all", "", func(o *rowPolicy) {
			o.Command = "all"
			if o.Reads == "" {
				o.Reads = o.Writes
			}
		})
	}
}

// narrowed makes a restrictive policy hold for fewer and for less, or not restrict at all.
func (p rowPolicy) narrowed(add func(kind, how string, change func(*rowPolicy))) {
	add("policy-permissive", "", func(o *rowPolicy) { o.Permissive = true })
	if len(p.Roles) > 1 {
		for i, r := range p.Roles {
			add("policy-not-to", r, func(o *rowPolicy) { o.Roles = slices.Delete(o.Roles, i, i+1) })
		}
	}
	if p.Command != "all" {
		return
	}
	for _, only := range []string{"select", "insert", "update", "delete"} {
		add("policy-for-only", only, func(o *rowPolicy) {
			o.Command = only
			switch only {
			case "insert":
				if o.Writes == "" {
					o.Writes = o.Reads
				}
				o.Reads = ""
			case "select", "delete":
				o.Writes = ""
			}
		})
	}
}
