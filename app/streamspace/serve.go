package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/server"
	"github.com/streamspace-dev/streamspace/app/settings"
)

// serveCommand runs the control plane until a signal ends it. It reports all wrong settings at once.
func serveCommand(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the control plane: console, API, streams and agents' connections",
		Long: "Run the control plane: console, API, streams and agents' connections.\n" +
			"Run one process at a time: several on one database are not supported yet. Agents connect to one of them, and\n" +
			"desktops do not open through another.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, logErr := t.logger(slog.LevelInfo)
			c, err := server.ReadConfig(t.environ)
			if err := settings.Join(logErr, err); err != nil {
				return err
			}
			s, err := server.New(cmd.Context(), c, log)
			if err != nil {
				return err
			}
			log.InfoContext(cmd.Context(), "serving", "listen", s.Addr().String(), "public_url", c.URL())
			return s.Run(cmd.Context())
		},
	}
	return withSettings(c, withLog(server.Settings(), slog.LevelInfo))
}
