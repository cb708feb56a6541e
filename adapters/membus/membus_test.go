package membus_test

import (
	"testing"

	"github.com/streamspace-dev/streamspace/adapters/membus"
	"github.com/streamspace-dev/streamspace/ports/bus"
	"github.com/streamspace-dev/streamspace/ports/bus/bustest"
)

func TestBus(t *testing.T) {
	bustest.Run(t, func(*testing.T) bus.Bus { return membus.New() })
}
