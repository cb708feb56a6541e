package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"
)

func logCommand(t terminal) *cobra.Command {
	c, format := list(&cobra.Command{
		Use:   "log",
		Short: "Print what operators did outside of any organisation",
		Long: "Print what operators did outside of any organisation: the oldest entry first. What they did to an\n" +
			"organisation is in that organisation's audit log. The name is what the command was given: it is not proven.",
		Example: "  streamspace admin log --output json",
	})
	return t.asReader(c, func(ctx context.Context, o operator, _ []string) error {
		p := o.print(*format, "seq", "at", "operator", "action", "subject")
		return p.all(func(after string) (key string, n int, err error) {
			last, _ := strconv.ParseInt(after, 10, 64) // a number of ours, or empty: the beginning
			page, err := o.orgs.Log(ctx, last, listPage)
			for _, e := range page {
				key = strconv.FormatInt(e.Seq, 10)
				if err := p.row(e.Seq, e.At, e.Operator, e.Action, e.Subject); err != nil {
					return "", 0, err
				}
			}
			return key, len(page), err
		})
	})
}
