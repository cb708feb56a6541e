package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/agent"
	"github.com/streamspace-dev/streamspace/app/settings"
)

// agentCommand runs an agent until a signal ends it. It logs from level info on.
func agentCommand(t terminal) *cobra.Command {
	c := &cobra.Command{
		Use:   "agent",
		Short: "Run sessions on this host, for the control plane at STREAMSPACE_CONTROL_URL",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, logErr := t.logger(slog.LevelInfo)
			c, err := agent.ReadConfig(t.environ)
			if err := settings.Join(logErr, err); err != nil {
				return err
			}
			return agent.Run(cmd.Context(), c, log)
		},
	}
	withSettings(c, withLog(agent.Settings(), slog.LevelInfo))
	c.AddCommand(doctorCommand(t))
	return c
}
