package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/streamspace-dev/streamspace/db"
	"github.com/streamspace-dev/streamspace/db/rules"
)

// versionCommand prints the versions without a connection to a database, so that they can be compared before an
// upgrade.
func versionCommand(t terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program, and the version of the database that it needs",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			database, err := db.Version()
			if err != nil {
				return err
			}
			set, err := rules.Built()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.out, "streamspace %s\ndatabase version %d, rules version %d\n",
				programVersion(), database, set.Version)
			return err
		},
	}
}

// programVersion is what the Go toolchain wrote into the program: the version of its module, which is made of the tag
// or the commit, and the version of Go.
func programVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return info.Main.Version + " (" + info.GoVersion + ")"
}
