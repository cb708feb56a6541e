package main

import (
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/settings"
	"github.com/streamspace-dev/streamspace/db"
)

// adminCommand holds the commands that set an installation up. They connect as the database's administrator, and
// `serve` never does.
func adminCommand(t terminal) *cobra.Command {
	c := group(&cobra.Command{
		Use:   "admin",
		Short: "Set an installation up and administer it",
		Long: "Set an installation up and administer it. Except for the database, these commands connect as\n" +
			"streamspace_operator, which can call functions and read no organisation's rows. What is done to an\n" +
			"organisation is in that organisation's audit log; everything else is in the operators' log.\n\n" +
			"A command that changes something takes your name, from --operator or STREAMSPACE_OPERATOR. It is\n" +
			"recorded as you give it: nothing proves it. Anyone who can connect as streamspace_operator can give any\n" +
			"name.",
	})
	database := group(&cobra.Command{Use: "database", Short: "Administer the database"})
	database.AddCommand(prepareCommand(t))
	c.AddCommand(database, setupCodeCommand(t), setupCommand(t), orgCommand(t), userCommand(t), agentsCommand(t),
		templateCommand(t), grantCommand(t), logCommand(t), logsCommand(t))
	return c
}

// prepareCommand runs db.Prepare. It may be repeated, so that an operator need not know how far an earlier run came.
func prepareCommand(t terminal) *cobra.Command {
	var dryRun bool
	var passwords string
	c := &cobra.Command{
		Use:   "prepare",
		Short: "Make the database's roles and schemas, before the first migration",
		Long: "Make the roles and schemas of the database of STREAMSPACE_ADMIN_DATABASE_URL, or else of\n" +
			"STREAMSPACE_DATABASE_URL. It may run any number of times, and must run again after a restore.\n\n" +
			"The address's user is a superuser, or, on a managed server, the administrator who owns the database and has\n" +
			"CREATEROLE. A password in PGPASSWORD or ~/.pgpass is used. With --passwords, each role gets the password of\n" +
			"its file in the folder (that of STREAMSPACE_DATABASE_PASSWORDS); files that are missing are made.\n\n" +
			"It ends with a list of what the administrator of a managed server could not take away, what an attacker could\n" +
			"do with it, and what stands before it. `streamspace migrate` comes next.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dryRun {
				return writeScripts(t.out)
			}
			config, err := administrator(t.environ)
			if err != nil {
				return err
			}
			left, err := db.Prepare(cmd.Context(), config, t.out)
			if err != nil {
				return err
			}
			if passwords != "" {
				if err := db.GivePasswords(cmd.Context(), config, passwords); err != nil {
					return err
				}
			}
			return writeRemarks(t.out, left)
		},
	}
	c.Flags().StringVar(&passwords, "passwords", "", "the folder of the roles' passwords")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "print the SQL for psql instead of running it")
	return withSettings(c, settings.Of[adminSettings](map[string]string{
		"STREAMSPACE_ADMIN_DATABASE_URL": "URL of the database with the user who administers it; " +
			"not set: STREAMSPACE_DATABASE_URL",
		"STREAMSPACE_DATABASE_URL": "URL of the database",
	}))
}

// adminSettings are the settings of the commands that connect as the database's administrator.
type adminSettings struct {
	Admin string `env:"STREAMSPACE_ADMIN_DATABASE_URL"`
	URL   string `env:"STREAMSPACE_DATABASE_URL"`
}

// administrator returns how the administrator of the database connects.
func administrator(environ []string) (*pgx.ConnConfig, error) {
	c, r := settings.Read[adminSettings](environ)
	if err := r.Err(); err != nil {
		return nil, err
	}
	return connectionOf(namedURL{"STREAMSPACE_ADMIN_DATABASE_URL", c.Admin}, namedURL{"STREAMSPACE_DATABASE_URL", c.URL})
}

// writeScripts prints the SQL without a connection, so that a DBA can review it before a program gets their password.
func writeScripts(out io.Writer) error {
	scripts, err := db.Scripts()
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, scripts)
	return err
}

// writeRemarks lists what the administrator could not take away.
func writeRemarks(out io.Writer, left []db.Remark) error {
	if len(left) == 0 {
		_, err := fmt.Fprintln(out, "prepared: everything is as it must be")
		return err
	}
	if _, err := fmt.Fprintln(out, "prepared. On this server, without a superuser, these stay:"); err != nil {
		return err
	}
	for _, r := range left {
		if _, err := fmt.Fprintf(out, "  %s %s: %s\n", r.Rule, r.Object, r.Detail); err != nil {
			return err
		}
	}
	return nil
}
