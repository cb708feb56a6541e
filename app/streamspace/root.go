package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
)

// terminal holds a command's arguments, environment and output streams. A test passes its own.
type terminal struct {
	args     []string
	environ  []string
	out, err io.Writer
}

// run runs the command that the arguments select, and returns the exit status.
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
	root.AddCommand(devCommand(t), serveCommand(t), agentCommand(t), migrateCommand(t), policyCommand(t), adminCommand(t))
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(t.err, "streamspace:", err)
		return 1
	}
	return 0
}

// logger returns a logger that writes JSON to standard error, from the level STREAMSPACE_LOG_LEVEL on. Unset, the level
// is otherwise.
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
