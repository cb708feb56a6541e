package attack

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"pgregory.net/rapid"

	"github.com/streamspace-dev/streamspace/ports/org"
)

// What the API has no operation for yet is done as it will be done: as the app's role, in a scope that the actor
// entered. What a policy lets through is for the model to say, like any answer.

// effect is what a statement came to: how many rows, or the state with which it was refused.
type effect struct {
	rows  int64
	state string
}

// act runs one statement as the actor.
func (c *access) act(sql string, args ...any) (effect, error) {
	var out effect
	err := c.within(false, func(ctx context.Context, tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		out.rows = tag.RowsAffected()
		return err
	})
	if refused, is := errors.AsType[*pgconn.PgError](err); is {
		return effect{state: refused.Code}, nil
	}
	return out, err
}

// within runs do in a scope of what the actor is at present, and again where the machine was too slow for the
// database's time limits.
func (c *access) within(readOnly bool, do func(context.Context, pgx.Tx) error) (err error) {
	role := c.role()
	if role == "" {
		role = org.RoleOwner // a former member may claim any role
	}
	ctx := context.Background()
	for range 5 {
		err = pgx.BeginFunc(ctx, c.of.f.attack.app, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, "select rls.enter($1, $2, $3, $4, $5)",
				c.of.id.UUID, c.who.id.UUID, string(role), c.id.UUID, readOnly); err != nil {
				return err
			}
			return do(ctx, tx)
		})
		slow, is := errors.AsType[*pgconn.PgError](err)
		if !is || (slow.Code != "57014" && slow.Code != "55P03" && slow.Code != "25P03") {
			return err
		}
	}
	return err
}

// compare says how an effect differs from what it must be.
func (s *shot) compare(want, got effect, err error) *difference {
	if err != nil {
		return &difference{"no answer", err.Error()}
	}
	s.what += strings.TrimRight(fmt.Sprintf(" → %d rows %s", got.rows, got.state), " ")
	if got != want {
		return &difference{fmt.Sprintf("want %d rows %s", want.rows, want.state), ""}
	}
	return nil
}

// revoke has a person end a sign-in, their own or another's.
func (f *arena) revoke(t *rapid.T) *shot {
	c := pick(t, "access", pick(t, "realm", f.realms).accesses)
	other := pick(t, "other access", pick(t, "other realm", f.realms).accesses)
	s := &shot{of: c.of, what: fmt.Sprintf("%s: end the sign-in of %s", c.label, other.label)}
	s.fire = func() *difference {
		var want effect
		switch {
		case !c.holds():
			want.state = "SS001"
		case other.of != c.of: // what happens to it meanwhile is not looked at
		case other.gone:
		case other.who == c.who, isAdmin(c.role()) && (other.role() != org.RoleOwner || c.role() == org.RoleOwner):
			want.rows = 1
		}
		got, err := c.act("delete from app.credentials where id = $1", other.id.UUID)
		if want.rows == 1 {
			other.gone = true
		}
		return s.compare(want, got, err)
	}
	return s
}

// enlist has the operator add a person, who may be a member already or may have been one.
func (f *arena) enlist(t *rapid.T) *shot {
	r := pick(t, "realm", f.realms)
	who, role := pick(t, "person", r.people), pick(t, "role", org.Roles())
	s := &shot{of: r, what: fmt.Sprintf("operator: add %s to %s as %s", who.label, r.label, role)}
	s.fire = func() *difference {
		if r.roles[who] == "" {
			f.must(r.add(who, role))
			return nil
		}
		f.must(f.operate("add_member('attack', $1, $2, $3)", r.id.UUID, who.id.UUID, string(role)))
		return nil
	}
	return s
}

// signIn gives a member one more sign-in.
func (f *arena) signIn(t *rapid.T) *shot {
	r := pick(t, "realm", f.realms)
	c := r.newAccess(pick(t, "person", r.people))
	s := &shot{of: r, what: c.label + ": sign in"}
	s.fire = func() *difference {
		want := ""
		if r.suspended || c.role() == "" {
			want = "SS001"
		}
		state := ""
		if refused, is := errors.AsType[*pgconn.PgError](c.signIn()); is {
			state = refused.Code
		}
		if state != want {
			return &difference{"want " + want, state}
		}
		if want != "" {
			return nil
		}
		d := c.refresh(s)
		r.accesses = append(r.accesses, c)
		return d
	}
	return s
}

// suspend has an operator take an organisation out of service, or back.
func (f *arena) suspend(t *rapid.T) *shot {
	return f.suspending(pick(t, "realm", f.realms), rarely(t, "suspended", 4))
}

func (f *arena) suspending(r *realm, to bool) *shot {
	s := &shot{of: r, what: fmt.Sprintf("operator: %s suspended %v", r.label, to)}
	s.fire = func() *difference {
		f.must(f.operate("suspend_org('attack', $1, $2)", r.id.UUID, to))
		if r.suspended != to {
			r.audit[map[bool]string{true: "org.suspend", false: "org.resume"}[to]]++
		}
		r.suspended = to
		return nil
	}
	return s
}
