// Command faultcodes writes docs/errors.md: each error code with its status, its meaning and when to try again. It
// reads the declarations from the source, and fails when a code is declared twice, is not declared as a package
// variable, or is compared with a text.
package main

import (
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "faultcodes:", err)
		os.Exit(1)
	}
}

// run writes to standard output the page of the repository at the folder that is the only argument.
func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: faultcodes FOLDER")
	}
	all, err := read(os.DirFS(args[0]))
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString(page(all))
	if err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}
