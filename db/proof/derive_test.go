package proof

import (
	"context"
	"embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/policy/probe"
)

// deriving has the queries that read from a catalogue which attempts it must let through and which it must refuse.
//
//go:embed derive/*.sql
var deriving embed.FS

// derive makes the attempts that follow from a catalogue as it is, so that nothing it says is listed again: which role
// may touch which column, call which function and become whom. The manifest is where that is reviewed. A weakening is
// noticed because an attempt that was refused before it is let through.
func derive(ctx context.Context, conn *pgx.Conn, s *probe.Script, names ...string) ([]probe.Attempt, error) {
	var out []probe.Attempt
	for _, name := range names {
		rows, err := db.Rows(ctx, conn, db.QueryFile{Files: deriving, Path: "derive/" + name + ".sql"},
			pgx.RowToStructByPos[derived])
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			a, err := r.attempt(s)
			if err != nil {
				return nil, fmt.Errorf("derive %s: %w", name, err)
			}
			out = append(out, a)
		}
	}
	return out, nil
}

// derived is an attempt as the queries write it. First is what a superuser does before it, if anything.
type derived struct{ Want, First, Caller, Statement string }

func (d derived) attempt(s *probe.Script) (probe.Attempt, error) {
	steps, err := s.As(d.Caller)
	if d.First != "" {
		steps = slices.Concat([]string{s.Replace(d.First), s.Leave()}, steps)
	}
	return probe.Attempt{Want: d.Want, Steps: append(steps, s.Replace(d.Statement))}, err
}
