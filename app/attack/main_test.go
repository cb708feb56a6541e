package attack

import (
	"context"
	"os"
	"testing"

	"github.com/streamspace-dev/streamspace/app/server/servertest"
	"github.com/streamspace-dev/streamspace/db/dbtest"
)

// The route matrix asks a control plane that serves on loopback, as production does. The random attack starts its own.
var (
	database *dbtest.Database
	running  *servertest.Server
)

func TestMain(m *testing.M) {
	os.Exit(dbtest.Main(m, func(d *dbtest.Database) {
		database = d
		var err error
		if running, err = servertest.Start(context.Background(), d, servertest.Config{}); err != nil {
			panic(err)
		}
	}))
}
