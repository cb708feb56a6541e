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

// backlog is how many viewers may wait until Xvnc accepts them. It accepts them within milliseconds.
const backlog = 64

// listen creates the socket on which the display serves viewers. Only the agent may connect. The socket belongs to the
// agent and stays outside the sandbox, so that a session can neither replace it nor redirect the agent.
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

// socket is a path that is short enough (107 bytes) for every data folder.
func (f folder) socket() string { return f.short + "/rfb" }

// dial is fast, because display and agent share a host. The kernel refuses it once Xvnc has closed the socket.
func (f folder) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", f.socket())
}

// greet waits until the display sends its greeting, the first message of an RFB server. A successful dial proves
// nothing: the agent made the socket, and the kernel accepts connections before Xvnc runs.
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

// cookie authenticates an X client to a display. A display accepts nothing else: without namespaces, other users of
// the host reach its socket in /tmp/.X11-unix, too.
type cookie [16]byte

// newCookie makes a random cookie. Each session gets its own.
func newCookie() (cookie, error) {
	var c cookie
	_, err := rand.Read(c[:])
	return c, err
}

// xauthority is the cookie as an X authority file. Its one entry is for every address and display, because the
// display's number is not known yet.
func (c cookie) xauthority() []byte {
	const everyAddress = 0xffff
	b := binary.BigEndian.AppendUint16(nil, everyAddress)
	for _, field := range []string{"", "", "MIT-MAGIC-COOKIE-1", string(c[:])} { // address, number, name, data
		b = binary.BigEndian.AppendUint16(b, uint16(len(field)))
		b = append(b, field...)
	}
	return b
}
