package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options are the database to audit and the extent of the audit.
type Options struct {
	// Config is how to connect: as a superuser, as the administrator of a server without one, or as streamspace_auditor
	// with CatalogueOnly.
	Config *pgx.ConnConfig
	// Auditor returns how streamspace_auditor connects. It reads the catalogue where Config's user may not: the
	// administrator of a server without a superuser.
	Auditor func() (*pgx.ConnConfig, error)
	// CatalogueOnly skips the live attempts, which streamspace_auditor may not make.
	CatalogueOnly bool
	// Accepted are the findings that an operator has accepted.
	Accepted Accepted
}

// Status is the result of a section of the report.
type Status string

// The values of Status.
const (
	Held   Status = "held"
	Broken Status = "broken"
	NotRun Status = "not run"
)

// Section is one of the proofs.
type Section struct {
	Name     string        `json:"name"`
	Status   Status        `json:"status"`
	Checked  int           `json:"checked"`
	Unit     string        `json:"unit"` // the unit of Checked: "rules", "facts"
	Findings []Violation   `json:"findings"`
	Accepted []Violation   `json:"accepted"`
	Notes    []string      `json:"notes"`
	Took     time.Duration `json:"took_ns"`
}

// Report is what an audit found.
type Report struct {
	At       time.Time `json:"at"`
	Database string    `json:"database"`
	Server   string    `json:"server"`
	User     string    `json:"user"`
	// Version is the version of the database's migrations, and RulesVersion that of its rules.
	Version      int64         `json:"version"`
	RulesVersion int64         `json:"rules_version"`
	Sections     []Section     `json:"sections"`
	Rules        []Rule        `json:"rules"`
	Probes       []Probe       `json:"probes"`
	Took         time.Duration `json:"took_ns"`
	// Partial is true when the live attempts were skipped on request.
	Partial bool `json:"partial"`
}

// Passed reports whether every proof held. A proof that did not run counts as failed, unless it was skipped on request.
func (r Report) Passed() bool {
	return len(r.Sections) > 0 && !slices.ContainsFunc(r.Sections, func(s Section) bool {
		leftOut := s.Name == "live" && r.Partial
		return s.Status == Broken || s.Status == NotRun && !leftOut
	})
}

// patience is the timeout of an audit, which usually takes one or two seconds.
const patience = time.Minute

// Audit runs the proofs on a database and reports the results. It changes nothing: all writes are rolled back.
func Audit(ctx context.Context, o Options) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := connect(ctx, o.Config)
	if err != nil {
		return Report{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var may bool
	err = conn.QueryRow(ctx, "select coalesce(has_schema_privilege(to_regnamespace('rls')::oid, 'usage'), true)").
		Scan(&may)
	if err != nil {
		return Report{}, fmt.Errorf("read what the user of the audit may do: %w", err)
	}
	if may || o.Auditor == nil {
		return audit(ctx, conn, conn, o)
	}
	config, err := o.Auditor()
	if err != nil {
		return Report{}, err
	}
	auditor, err := connect(ctx, config)
	if err != nil {
		return Report{}, err
	}
	defer auditor.Close(context.WithoutCancel(ctx))
	return audit(ctx, conn, auditor, o)
}

// connect opens a connection of the audit. Its application_name shows a DBA whose connection it is.
func connect(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	config = config.Copy()
	config.RuntimeParams["application_name"] = "streamspace policy audit"
	// The simple protocol caches no plan: each attempt must be planned for the role that makes it.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to audit as %s: %w", config.User, err)
	}
	return conn, nil
}

// audit proves by the catalogue, as auditor reads it, and by the attempts of conn.
func audit(ctx context.Context, conn, auditor *pgx.Conn, o Options) (Report, error) {
	r := Report{At: time.Now().UTC(), User: conn.Config().User, Partial: o.CatalogueOnly}
	err := look(ctx, auditor, func(tx pgx.Tx) error { return r.proveCatalogue(ctx, tx, o.Accepted) })
	if err != nil {
		return r, err
	}
	live, err := r.proveLive(ctx, conn)
	r.add(live, o.Accepted)
	r.Took = time.Since(r.At)
	return r, err
}

// proveCatalogue runs the proofs that only read.
func (r *Report) proveCatalogue(ctx context.Context, tx pgx.Tx, accepted Accepted) error {
	if err := r.read(ctx, tx); err != nil {
		return err
	}
	for _, prove := range []func(context.Context, pgx.Tx) (Section, error){r.proveRules, r.proveManifest, server} {
		begun := time.Now()
		s, err := prove(ctx, tx)
		if err != nil {
			return err
		}
		s.Took = time.Since(begun)
		r.add(s, accepted)
	}
	return nil
}

// read reads the database's name and version, and its rules.
func (r *Report) read(ctx context.Context, tx pgx.Tx) error {
	if err := tx.QueryRow(ctx, "select current_database(), current_setting('server_version')").
		Scan(&r.Database, &r.Server); err != nil {
		return fmt.Errorf("read the database's name: %w", err)
	}
	have, err := versionsOf(ctx, tx)
	if err != nil {
		return err
	}
	r.Version, r.RulesVersion = have.Migrations, have.Rules
	r.Rules, err = readRules(ctx, tx)
	return err
}

// add separates the accepted findings, sets the section's status and adds the section to the report.
func (r *Report) add(s Section, accepted Accepted) {
	open := Except(s.Findings, accepted)
	s.Accepted = slices.DeleteFunc(slices.Clone(s.Findings), func(v Violation) bool { return slices.Contains(open, v) })
	s.Findings = open
	if s.Status == "" {
		s.Status = Held
	}
	if len(open) > 0 {
		s.Status = Broken
	}
	r.Sections = append(r.Sections, s)
}

func (r *Report) proveRules(ctx context.Context, tx pgx.Tx) (Section, error) {
	found, err := brokenRules(ctx, tx)
	if err != nil {
		return Section{}, err
	}
	notes, err := notes(ctx, tx)
	return Section{Name: "rules", Checked: len(r.Rules), Unit: "rules", Findings: found, Notes: notes}, err
}

func (r *Report) proveManifest(ctx context.Context, tx pgx.Tx) (Section, error) {
	s := Section{Name: "manifest", Unit: "facts"}
	reviewed, err := Reviewed()
	if err != nil {
		return s, err
	}
	s.Checked = reviewed.Lines()
	if want, err := built(); err != nil || want != (versions{r.Version, r.RulesVersion}) {
		s.Findings = []Violation{{"manifest", "version", fmt.Sprintf(
			"the database is at version %d with rules at version %d, but this program is for version %d with "+
				"rules at version %d: audit the database with the program of its version",
			r.Version, r.RulesVersion, want.Migrations, want.Rules)}}
		return s, err
	}
	differences, notes, err := differences(ctx, tx)
	s.Notes = notes
	for _, d := range differences {
		s.Findings = append(s.Findings, d.violation())
	}
	return s, err
}

func (r *Report) proveLive(ctx context.Context, conn *pgx.Conn) (Section, error) {
	s := Section{Name: "live", Unit: "attempts", Status: NotRun}
	if r.Partial {
		s.Notes = []string{"skipped: the audit ran with --catalogue-only"}
		return s, nil
	}
	begun := time.Now()
	probes, err := tryLive(ctx, conn)
	s.Took = time.Since(begun)
	var reason errNotRun
	if errors.As(err, &reason) {
		s.Notes = []string{reason.why}
		return s, nil
	}
	if err != nil {
		s.Notes = []string{err.Error()} // without attempts nothing is proven: the status stays "not run"
		return s, nil
	}
	s.Status, s.Checked, r.Probes = Held, len(probes), probes
	for _, p := range probes {
		if !p.Held {
			s.Findings = append(s.Findings, Violation{"live", p.Table, p.String()})
		}
	}
	return s, nil
}
