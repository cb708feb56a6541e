package proof

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// probes are attempts by whoever there is, with what has to become of them.
//
//go:embed probes/*.txt
var probes embed.FS

// attempt is one thing that somebody tries. The outcome is that of its last statement.
type attempt struct {
	// want is "ok N" for N rows, or an SQLSTATE, with the name of the constraint or who refused where that matters.
	want  string
	steps []string
}

func (a attempt) String() string { return a.steps[len(a.steps)-1] }

// Behaviour tries what the product forbids and what it promises, on a database that Prepare has filled.
type Behaviour struct{ attempts []prepared }

// prepared is an attempt as it is sent, and what it speaks of.
type prepared struct {
	json  string
	about []string
	// rare ones are very many, or take long. They are made where a mutant is about what they speak of, or about no
	// object.
	rare bool
}

func prepare(a attempt, rare bool) (prepared, error) {
	sent, err := json.Marshal(struct {
		Want  string   `json:"want"`
		Steps []string `json:"steps"`
	}{a.want, a.steps})
	if err != nil {
		return prepared{}, fmt.Errorf("write an attempt: %w", err)
	}
	about := named.FindAllString(strings.Join(a.steps, "\n"), -1)
	slices.Sort(about)
	return prepared{string(sent), slices.Compact(about), rare}, nil
}

// NewBehaviour reads the attempts.
func NewBehaviour() (*Behaviour, error) {
	b := &Behaviour{}
	if err := b.add(true, slices.Concat(functions(), becomings(), reaches(), floors())); err != nil {
		return nil, err
	}
	names, err := probes.ReadDir("probes")
	if err != nil {
		return nil, fmt.Errorf("list the probes: %w", err)
	}
	for _, name := range names {
		text, err := probes.ReadFile("probes/" + name.Name())
		if err != nil {
			return nil, fmt.Errorf("read the probes: %w", err)
		}
		attempts, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("read the probes of %s: %w", name.Name(), err)
		}
		if err := b.add(name.Name() == "rare.txt", attempts); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *Behaviour) add(rare bool, attempts []attempt) error {
	for _, a := range attempts {
		p, err := prepare(a, rare)
		if err != nil {
			return err
		}
		b.attempts = append(b.attempts, p)
	}
	return nil
}

// Name implements Checker.
func (b *Behaviour) Name() string { return "behaviour" }

// Attempts counts them.
func (b *Behaviour) Attempts() int { return len(b.attempts) }

// Check implements Checker. What speaks of all that the mutant is about is tried first, then what speaks of some of
// it, then the rest; the first difference ends it.
func (b *Behaviour) Check(ctx context.Context, tx pgx.Tx, m Mutant) (killed bool, why string, err error) {
	if m.Idle != "" {
		return false, "", nil
	}
	objects := m.about()
	nearness := make([][]prepared, len(objects)+1)
	for _, a := range b.attempts {
		n := 0
		for _, o := range objects {
			if slices.Contains(a.about, o) {
				n++
			}
		}
		if a.rare && n == 0 && len(objects) > 0 {
			continue
		}
		nearness[n] = append(nearness[n], a)
	}
	for _, some := range slices.Backward(nearness) {
		if why, err = difference(ctx, tx, some); why != "" || err != nil {
			return why != "", why, err
		}
	}
	return false, "", nil
}

// differs is the SQLSTATE by which the block of code below says that an attempt did not end as it has to. What it has
// done is undone by that, as it is undone after each attempt.
const differs = "MU001"

// try has the server make attempts, so that thousands of them are one round trip.
//
//go:embed try.sql
var try string

// difference makes attempts until one does not end as it has to.
func difference(ctx context.Context, tx pgx.Tx, attempts []prepared) (string, error) {
	if len(attempts) == 0 {
		return "", nil
	}
	list := make([]string, len(attempts))
	for i, a := range attempts {
		list[i] = a.json
	}
	inner, err := tx.Begin(ctx)
	if err != nil {
		return "", fmt.Errorf("begin the attempts: %w", err)
	}
	_, failed := inner.Exec(ctx, strings.Replace(try, "{attempts}", "["+strings.Join(list, ", ")+"]", 1))
	if err := inner.Rollback(ctx); err != nil {
		return "", fmt.Errorf("undo the attempts: %w", err)
	}
	if pg, ok := errors.AsType[*pgconn.PgError](failed); ok && pg.Code == differs {
		return pg.Message + ": " + pg.Detail, nil
	}
	return "", failed
}
