package process_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// TestDesktopSizeIsBounded asks a display for sizes, as a viewer does. A size that would use too much memory is refused
// or ends the display, and a size that a template may ask for is given.
func TestDesktopSizeIsBounded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		side int
		want bool
	}{"largest": {runtime.MaxSide, true}, "twice the largest": {2 * runtime.MaxSide, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, w := open(t, process.Config{Dir: t.TempDir()}), runtimetest.Workload()
			if err := rt.Start(t.Context(), w); err != nil {
				t.Fatal(err)
			}
			conn, err := rt.Dial(t.Context(), w.Session)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
			if err := resize(conn, uint16(test.side)); err != nil && test.want {
				t.Errorf("resize: %v", err)
			}
			width, err := 0, error(nil)
			for deadline := time.Now().Add(5 * time.Second); width != test.side && time.Now().Before(deadline); {
				width, err = widthOf(t, rt, w)
			}
			if got := err == nil && width == test.side; got != test.want {
				t.Errorf("the display is %d wide (%v)", width, err)
			}
		})
	}
}

func widthOf(t *testing.T, rt *process.Runtime, w runtime.Workload) (int, error) {
	t.Helper()
	conn, err := rt.Dial(t.Context(), w.Session)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return runtimetest.Greet(conn)
}

// resize asks for a square display.
func resize(conn net.Conn, side uint16) error {
	if _, err := runtimetest.Greet(conn); err != nil {
		return err
	}
	const raw, extendedDesktopSize = 0, -308
	b := []byte{2, 0, 0, 2}
	b = binary.BigEndian.AppendUint32(b, raw)
	size := int32(extendedDesktopSize)
	b = binary.BigEndian.AppendUint32(b, uint32(size))
	b = append(b, 3, 0, 0, 0, 0, 0, 0, 1, 0, 1) // an update of one pixel; the answer begins with the size
	if _, err := conn.Write(b); err != nil {
		return err
	}
	var head [16]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	var screens [20]byte
	if _, err := io.ReadFull(conn, screens[:]); err != nil {
		return err
	}
	b = []byte{251, 0}
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, side), side)
	b = append(b, 1, 0)
	b = append(b, screens[4:8]...) // the screen's id
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(b, side), side)
	_, err := conn.Write(append(b, 0, 0, 0, 0))
	return err
}
