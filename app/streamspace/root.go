package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/settings"
)

// terminal holds a command's arguments, environment and output streams. A test passes its own.
type terminal struct {
	args     []string
	environ  []string
	in       io.Reader
	out, err io.Writer
}

// run runs the command that the arguments select, and returns the exit status.
func run(ctx context.Context, t terminal) int {
	root := rootCommand(t)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(t.err, "streamspace:", err)
		return 1
	}
	return 0
}

// rootCommand returns the program's commands.
func rootCommand(t terminal) *cobra.Command {
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
	root.AddCommand(adminCommand(t), eventsCommand(t), versionCommand(t))
	return root
}

// group makes a command that only has commands below it refuse an unknown one. By default it prints its help with exit
// status 0, so that a script with a misspelt command goes on.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.NoArgs
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.DisableFlagsInUseLine = true
	return c
}

// logSettings is the setting of commands that write a log.
type logSettings struct {
	Level *slog.Level `env:"STREAMSPACE_LOG_LEVEL"`
}

// logger returns a logger that writes JSON to standard error, from the level STREAMSPACE_LOG_LEVEL on. Unset, the level
// is otherwise.
func (t terminal) logger(otherwise slog.Level) (*slog.Logger, error) {
	c, r := settings.Read[logSettings](t.environ)
	level := otherwise
	if c.Level != nil {
		level = *c.Level
	}
	return slog.New(slog.NewJSONHandler(t.err, &slog.HandlerOptions{Level: level})), r.Err()
}

// withLog adds the setting of the log to a command's own.
func withLog(own []settings.Setting, otherwise slog.Level) []settings.Setting {
	return append(own, settings.Of[logSettings](map[string]string{
		"STREAMSPACE_LOG_LEVEL": "debug, info, warn or error; not set: " + strings.ToLower(otherwise.String()),
	})...)
}

// withSettings adds a command's settings to its help.
func withSettings(c *cobra.Command, all []settings.Setting) *cobra.Command {
	var b strings.Builder
	b.WriteString("\nSettings, from the environment:\n")
	for _, s := range all {
		fmt.Fprintf(&b, "  %s\n      %s", s.Name, s.Help)
		if s.Default != "" {
			fmt.Fprintf(&b, " (default %s)", s.Default)
		}
		b.WriteString("\n")
	}
	c.SetUsageTemplate(c.UsageTemplate() + b.String())
	return c
}
