package cluster

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// childDir names the folder of the cluster that the test binary runs instead of its tests, until it is killed.
const childDir = "CLUSTER_TEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		c, err := Start(context.Background(), Config{Dir: dir})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(c.server.process.Pid)
		select {}
	}
	goleak.VerifyTestMain(m)
}
