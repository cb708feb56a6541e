package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/db"
)

// migrateCommand runs the migrations as a step of its own. `serve` does not migrate: its
// roles own nothing.
func migrateCommand(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to this version",
		Long: "Bring the database of STREAMSPACE_DATABASE_URL to this version, as streamspace_migrator.\n" +
			"Before the first migration, run `streamspace admin database prepare`.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := server.ReadDatabaseConfig(t.environ)
			if err != nil {
				return err
			}
			config, err := c.Migrator()
			if err != nil {
				return err
			}
			done, err := db.Migrate(cmd.Context(), config)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.out, "database %s is at version %d (%d applied now), rules at version %d\n",
				config.Database, done.Version, done.Applied, done.Rules)
			return err
		},
	}
	return withSettings(c, server.DatabaseSettings())
}
