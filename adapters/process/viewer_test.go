package process_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/streamspace-dev/streamspace/adapters/process"
	"github.com/streamspace-dev/streamspace/ports/runtime/runtimetest"
)

// viewer shows the upper left part of a display, as a viewer with a small window does. Like one, it asks for the next
// update before anything changes.
type viewer struct {
	conn          net.Conn
	in            *bufio.Reader
	width, height int
	picture       []byte
	asked         bool // an update is due as soon as something changes
}

// patience is how long a viewer waits for a picture.
const patience = 30 * time.Second

// pixel is how many bytes one has, in Xvnc's own format.
const pixel = 4

// view opens a session's display and waits for its first picture.
func view(b testing.TB, rt *process.Runtime, session uuid.UUID, width, height int) *viewer {
	b.Helper()
	conn, err := rt.Dial(b.Context(), session)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := runtimetest.Greet(conn); err != nil {
		b.Fatalf("greet the display: %v", err)
	}
	v := &viewer{
		conn: conn, in: bufio.NewReaderSize(conn, 1<<20), width: width, height: height,
		picture: make([]byte, width*height*pixel),
	}
	if err := errors.Join(v.ask(0), v.read()); err != nil {
		b.Fatalf("the first picture: %v", err)
	}
	return v
}

// ask asks for an update, unless it has: of everything or, if incremental is 1, of what changes.
func (v *viewer) ask(incremental byte) error {
	if v.asked {
		return nil
	}
	v.asked = true
	m := []byte{3, incremental, 0, 0, 0, 0}
	m = binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(m, uint16(v.width)), uint16(v.height))
	_, err := v.conn.Write(m)
	return err
}

// read reads one update (RFC 6143, 7.6.1), whose rectangles are raw because the viewer has named no other encoding.
func (v *viewer) read() error {
	kind, err := v.in.ReadByte()
	if err != nil || kind != 0 {
		return errors.Join(err, fmt.Errorf("message %d", kind))
	}
	var head [3]byte
	if _, err := io.ReadFull(v.in, head[:]); err != nil {
		return err
	}
	for range binary.BigEndian.Uint16(head[1:]) {
		if err := v.rectangle(); err != nil {
			return err
		}
	}
	v.asked = false
	return nil
}

func (v *viewer) rectangle() error {
	var head [12]byte
	if _, err := io.ReadFull(v.in, head[:]); err != nil {
		return err
	}
	at := func(i int) int { return int(binary.BigEndian.Uint16(head[i:])) }
	x, y, width, height := at(0), at(2), at(4), at(6)
	if encoding := binary.BigEndian.Uint32(head[8:]); encoding != 0 || x+width > v.width || y+height > v.height {
		return fmt.Errorf("a rectangle of encoding %d at %d,%d", encoding, x, y)
	}
	for ; height > 0; y, height = y+1, height-1 {
		from := (y*v.width + x) * pixel
		if _, err := io.ReadFull(v.in, v.picture[from:from+width*pixel]); err != nil {
			return err
		}
	}
	return nil
}

// The keys that are typed, as X calls them.
const (
	letterA   = 0x61
	backspace = 0xff08
)

// press presses a key and releases it.
func (v *viewer) press(key uint32) error {
	var m []byte
	for _, down := range []byte{1, 0} {
		m = binary.BigEndian.AppendUint32(append(m, 4, down, 0, 0), key)
	}
	_, err := v.conn.Write(m)
	return err
}

// until reads updates until the picture is this one.
func (v *viewer) until(picture []byte) error {
	if err := v.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	for !bytes.Equal(v.picture, picture) {
		if err := errors.Join(v.ask(1), v.read()); err != nil {
			return err
		}
	}
	return v.ask(1)
}

// settle presses a key and returns the picture that then stays.
func (v *viewer) settle(key uint32) ([]byte, error) {
	const stays = 250 * time.Millisecond
	if err := errors.Join(v.conn.SetWriteDeadline(time.Now().Add(patience)), v.press(key)); err != nil {
		return nil, err
	}
	for {
		if err := errors.Join(v.ask(1), v.conn.SetReadDeadline(time.Now().Add(stays))); err != nil {
			return nil, err
		}
		_, err := v.in.Peek(1)
		if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
			return bytes.Clone(v.picture), nil
		}
		if err := errors.Join(err, v.conn.SetReadDeadline(time.Now().Add(patience)), v.read()); err != nil {
			return nil, err
		}
	}
}
