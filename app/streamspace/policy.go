package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/adapters/postgres"
	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/db/policy"
)

// policyCommand holds the commands that check a database and change nothing.
func policyCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "policy",
		Short: "Prove that the database keeps organisations apart, and show who may do what",
	})
	c.AddCommand(auditCommand(t), matrixCommand(t))
	return c
}

// errNotProven is the error of an audit with findings. The report lists them.
var errNotProven = errors.New("it is not proven that this database keeps organisations apart")

// auditCommand runs the audit and prints its report. A report with findings is printed in full before the command
// fails.
func auditCommand(t terminal) *cobra.Command {
	var o policy.Options
	var format, accepted string
	c := &cobra.Command{
		Use:   "audit",
		Short: "Prove that the database keeps organisations apart",
		Long: "Prove that the database of STREAMSPACE_AUDIT_DATABASE_URL, or else of STREAMSPACE_DATABASE_URL, keeps\n" +
			"organisations apart. The audit has four parts: rules that the database's catalogue must keep, a comparison of\n" +
			"the whole catalogue with the one that this version creates, attempts of every role to cross from one\n" +
			"organisation into another (in a transaction that is rolled back: nothing is written), and the known flaws of\n" +
			"the server's version.\n\n" +
			"The attempts need a superuser, or, on a managed server, the administrator that made the roles; the catalogue is\n" +
			"then read as streamspace_auditor. Without the attempts, --catalogue-only runs as streamspace_auditor alone. The\n" +
			"exit status is 0 when every proof held, and 1 otherwise.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Config, o.Auditor, err = auditConfig(t.environ); err != nil {
				return err
			}
			if o.CatalogueOnly {
				if o.Config, err = catalogueConfig(t.environ); err != nil {
					return err
				}
			}
			if o.Accepted, err = policy.ReadAccepted(accepted); err != nil {
				return err
			}
			report, err := policy.Audit(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := report.Write(t.out, format); err != nil {
				return err
			}
			if !report.Passed() {
				return errNotProven
			}
			return nil
		},
	}
	c.Flags().BoolVar(&o.CatalogueOnly, "catalogue-only", false, "skip the attempts, and run as streamspace_auditor")
	c.Flags().StringVar(&format, "format", "table", strings.Join(policy.Formats(), ", "))
	c.Flags().StringVar(&accepted, "accept", "", "a file of accepted findings, one per line as the table prints them")
	return withAuditSettings(c)
}

// matrixCommand prints docs/policies.md for the given database. It needs only the catalogue.
func matrixCommand(t terminal) *cobra.Command {
	return withAuditSettings(&cobra.Command{
		Use:   "matrix",
		Short: "Show who may do what in the database, as Markdown",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := catalogueConfig(t.environ)
			if err != nil {
				return err
			}
			conn, err := pgx.ConnectConfig(cmd.Context(), config)
			if err != nil {
				return fmt.Errorf("connect to the database: %w", err)
			}
			defer conn.Close(context.WithoutCancel(cmd.Context()))
			matrix, err := policy.Matrix(cmd.Context(), conn)
			if err != nil {
				return err
			}
			_, err = t.out.Write(matrix)
			return err
		},
	})
}

// auditSettings are the settings of the commands that look at a database's catalogue.
type auditSettings struct {
	Audit string `env:"STREAMSPACE_AUDIT_DATABASE_URL"`
	server.DatabaseConfig
}

// withAuditSettings adds the settings of a command that looks at the catalogue to its help.
func withAuditSettings(c *cobra.Command) *cobra.Command {
	own := settings.Setting{
		Name: "STREAMSPACE_AUDIT_DATABASE_URL",
		Help: "URL of the database; without a user: as streamspace_auditor; not set: STREAMSPACE_DATABASE_URL",
	}
	return withSettings(c, append([]settings.Setting{own}, server.DatabaseSettings()...))
}

// auditConfig returns how the audit connects: as the user of the address, and, when it asks, as streamspace_auditor,
// which may read only the catalogue. An address without a user is that of the programs.
func auditConfig(environ []string) (own *pgx.ConnConfig, auditor func() (*pgx.ConnConfig, error), err error) {
	c, r := settings.Read[auditSettings](environ)
	if err := r.Err(); err != nil {
		return nil, nil, err
	}
	own, err = connectionOf(
		namedURL{"STREAMSPACE_AUDIT_DATABASE_URL", c.Audit}, namedURL{"STREAMSPACE_DATABASE_URL", c.DatabaseURL})
	if err != nil {
		return nil, nil, err
	}
	return own, func() (auditor *pgx.ConnConfig, err error) {
		auditor = own.Copy()
		auditor.User = "streamspace_auditor"
		if c.DatabasePasswords != "" {
			auditor.Password, err = postgres.ReadPassword(c.DatabasePasswords, auditor.User)
		}
		return auditor, err
	}, nil
}

// catalogueConfig returns how a command connects that only reads the catalogue: as streamspace_auditor, unless the
// address names another user.
func catalogueConfig(environ []string) (*pgx.ConnConfig, error) {
	own, auditor, err := auditConfig(environ)
	if err != nil || namesUser(own.ConnString()) {
		return own, err
	}
	return auditor()
}

// namesUser reports whether an address contains a user.
func namesUser(address string) bool {
	u, err := url.Parse(address)
	return err != nil || u.User != nil || u.Query().Has("user") || u.Scheme == ""
}
