package process

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// backlog is how many viewers may wait for Xvnc to take them. It takes them within milliseconds.
const backlog = 64

// listen makes the socket on which the display is to serve viewers. Only the agent may connect: the socket is the
// agent's own and stays outside of the sandbox, so that a session can neither replace it nor lead the agent
// elsewhere.
func (f folder) listen() (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	socket := os.NewFile(uintptr(fd), "rfb")
	err = unix.Bind(fd, &unix.SockaddrUnix{Name: f.socket()})
	if err == nil {
		err = errors.Join(os.Chmod(f.socket(), 0o600), unix.Listen(fd, backlog))
	}
	if err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	return socket, nil
}

// socket names the socket shortly enough for any data folder.
func (f folder) socket() string { return f.short + "/rfb" }

func (f folder) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", f.socket())
}

// greet waits until the display greets a viewer, which is the first thing an RFB server does.
func greet(ctx context.Context, f folder) error {
	conn, err := f.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	var greeting [12]byte
	if _, err := io.ReadFull(conn, greeting[:]); err != nil {
		return err
	}
	if string(greeting[:4]) != "RFB " {
		return fmt.Errorf("the display greets with %q", greeting)
	}
	return nil
}

// cookie opens a display to a client that shows it; nothing else does.
type cookie [16]byte

func newCookie() (cookie, error) {
	var c cookie
	_, err := rand.Read(c[:])
	return c, err
}

// xauthority is the cookie as an X authority file: one entry for every address and display, since no one knows the
// display's number yet.
func (c cookie) xauthority() []byte {
	const everyAddress = 0xffff
	b := binary.BigEndian.AppendUint16(nil, everyAddress)
	for _, field := range []string{"", "", "MIT-MAGIC-COOKIE-1", string(c[:])} { // address, number, name, data
		b = binary.BigEndian.AppendUint16(b, uint16(len(field)))
		b = append(b, field...)
	}
	return b
}
