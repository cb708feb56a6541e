package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/app/agent"
)

// doctorCommand checks whether this host can run sessions.
func doctorCommand(t terminal) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether this host can run desktops, and say how to mend what it lacks",
		Long: "Check whether this host can run desktops, by trying it, and say how to mend what it lacks. Run it as the\n" +
			"user and with the settings of the agent. Settings that are not set are not checked.\n\n" +
			"The exit status is 1 when a desktop could not start or would not be held apart from others, and 0 otherwise,\n" +
			"also with warnings.",
		Example: "  streamspace agent doctor --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := agent.ReadDoctorConfig(t.environ)
			if err != nil {
				return err
			}
			r := agent.Examine(cmd.Context(), c)
			if err := printReport(t.out, r, asJSON); err != nil {
				return err
			}
			if !r.OK {
				return errors.New("this host cannot run desktops as it should")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return withSettings(c, agent.Settings())
}

func printReport(out io.Writer, r agent.Report, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	for _, f := range r.Findings {
		if _, err := fmt.Fprintf(out, "%-8s %s: %s\n", f.State, f.Check, f.Found); err != nil {
			return err
		}
		if f.Mend == "" {
			continue
		}
		if _, err := fmt.Fprintf(out, "         so:   %s\n         mend: %s\n", f.Follows, f.Mend); err != nil {
			return err
		}
	}
	return nil
}
