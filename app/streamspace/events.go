package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/follow"
)

// eventsCommand prints the events of an organisation.
func eventsCommand(t terminal) *cobra.Command {
	q := follow.Query{}
	c, format := list(&cobra.Command{
		Use:   "events",
		Short: "Print what happens in an organisation",
		Long: "Print what has happened in an organisation, and with --follow what happens from now on.\n\n" +
			"The token or API key says whose events these are: an admin's are those of the organisation, a member's are\n" +
			"those about them and those for everyone. With --follow a lost connection is made again, and no event is\n" +
			"missing or printed twice.",
		Example: "  streamspace events --follow --output json\n  streamspace events --after 120 --type session,key.ended",
		Args:    cobra.NoArgs,
	})
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := follow.ReadConfig(t.environ)
		if err != nil {
			return err
		}
		if q.After < 0 && cmd.Flags().Changed("after") {
			return fmt.Errorf("--after must be 0 or more, not %d", q.After)
		}
		return t.events(cmd.Context(), config, q, *format)
	}
	c.Flags().BoolVar(&q.Follow, "follow", false, "go on until Ctrl-C; without --after, with what happens from now on")
	c.Flags().Int64Var(&q.After, "after", -1, "print the events after the one with this number")
	c.Flags().StringSliceVar(&q.Types, "type", nil, "print these kinds or types alone, such as session,key.ended")
	return withSettings(c, follow.Settings())
}

// events prints events as JSON, as they came, or as a line each.
func (t terminal) events(ctx context.Context, c follow.Config, q follow.Query, as format) error {
	show := func(e follow.Event) error {
		var err error
		switch {
		case as == asJSON:
			_, err = fmt.Fprintf(t.out, "%s\n", e.Raw)
		case e.Missing():
			_, err = fmt.Fprintf(t.out, "events up to %d are missing: the log does not reach back\n", e.Seq)
		default:
			_, err = fmt.Fprintf(t.out, "%-7d %s  %-28s %s  %s  %s\n", e.Seq, cell(e.Time), cell(e.Type),
				cell(cmp.Or(e.Actor, "-")), cell(cmp.Or(e.Subject.Name, e.Subject.ID)), cell(string(e.Data)))
		}
		return err
	}
	return follow.New(c, q, show).Run(ctx, func(said string) { fmt.Fprintln(t.err, "streamspace:", said) })
}
