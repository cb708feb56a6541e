// Command install installs what the tests require, or prints the command that does.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/streamspace-dev/streamspace/adapters/apt"
	"github.com/streamspace-dev/streamspace/app/needs"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := apt.Ensure(ctx, os.Stdout, needs.Tests())
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
