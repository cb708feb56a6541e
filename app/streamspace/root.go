package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
)

// terminal is what a command is started with. A test gives its own.
type terminal struct {
	args     []string
	environ  []string
	out, err io.Writer
}

// run runs the command that the arguments name, and returns the exit status.
func run(ctx context.Context, t terminal) int {
	root := &cobra.Command{
		Use:           "streamspace",
		Short:         "Desktops and apps in the browser, for many organisations on one control plane",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(t.args)
	root.SetOut(t.out)
	root.SetErr(t.err)
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(devCommand(t), serveCommand(t), agentCommand(t), migrateCommand(t), policyCommand(t))
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(t.err, "streamspace:", err)
		return 1
	}
	return 0
}

// logger writes to standard error what is at least as grave as STREAMSPACE_LOG_LEVEL, as JSON.
func (t terminal) logger(otherwise slog.Level) (*slog.Logger, error) {
	c, err := env.ParseAsWithOptions[struct {
		Level *slog.Level `env:"STREAMSPACE_LOG_LEVEL"` // debug, info, warn or error
	}](env.Options{Environment: env.ToMap(t.environ)})
	level := otherwise
	if c.Level != nil {
		level = *c.Level
	}
	return slog.New(slog.NewJSONHandler(t.err, &slog.HandlerOptions{Level: level})), err
}
