package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/dev"
	"github.com/streamspace-dev/streamspace/app/settings"
)

// devCommand runs everything on one machine. Progress goes to standard output, the log to standard error.
func devCommand(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine: database, control plane, agent and demo organisations",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, logErr := t.logger(slog.LevelWarn)
			c, err := dev.ReadConfig(t.environ)
			if err := settings.Join(logErr, err); err != nil {
				return err
			}
			return dev.Run(cmd.Context(), c, dev.Output{Progress: t.out, Log: log, AgentLog: t.err})
		},
	}
	return withSettings(c, withLog(dev.Settings(), slog.LevelWarn))
}
