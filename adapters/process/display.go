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

// The numbers of displays without a sandbox. The first thousand are left for other programs of the host.
const firstDisplay, displayCount = 1000, uidCount

// freeDisplay returns a display number of this host that no X server uses. The search starts at the session's user,
// which no other session has, or else at a place that two sessions rarely share: so two agents that search at the same
// moment do not find the same number. The number of a killed server may stay taken: /tmp is shared, and only root and
// the socket's owner may remove the socket.
func (s *session) freeDisplay() (int, error) {
	start := spread(s.status.Session)
	if s.uid != 0 {
		start = s.uid - firstUID
	}
	for i := range displayCount {
		number := firstDisplay + (start+i)%displayCount
		_, socket := os.Lstat(socketOf(number))
		_, lock := os.Lstat(fmt.Sprintf("/tmp/.X%d-lock", number))
		if errors.Is(socket, os.ErrNotExist) && errors.Is(lock, os.ErrNotExist) {
			return number, nil
		}
	}
	return 0, fmt.Errorf("all displays from %d to %d are in use", firstDisplay, firstDisplay+displayCount-1)
}

// socketOf is the path at which X clients of this host look for a display. It is empty for display 0, which is in a
// sandbox: its socket disappears with the sandbox's /tmp.
func socketOf(display int) string {
	if display == 0 {
		return ""
	}
	return fmt.Sprintf(sockets+"/X%d", display)
}

// sockets is the folder in which the displays of this host listen. Those of sandboxes are in the sandboxes.
const sockets = "/tmp/.X11-unix"

// checkSockets fails when the users of sessions without a sandbox cannot put the sockets of their displays where X
// clients look for them. Root makes the folder if it is missing: a session's user would own it otherwise.
func checkSockets() error {
	const mode = os.ModeSticky | 0o777
	root := os.Geteuid() == 0
	info, err := os.Stat(sockets)
	switch {
	case errors.Is(err, os.ErrNotExist) && root:
		return errors.Join(os.Mkdir(sockets, 0o700), os.Chmod(sockets, mode))
	case errors.Is(err, os.ErrNotExist):
		return nil // the first display makes it
	case err != nil:
		return err
	case root && info.Mode()&mode != mode, !root && unix.Access(sockets, unix.W_OK) != nil:
		return fmt.Errorf("displays cannot listen in %s, which has mode %o: chmod 1777 %s",
			sockets, info.Mode().Perm(), sockets)
	}
	return nil
}

// removeSocket removes the socket that a killed X server leaves behind.
func removeSocket(path string) error {
	if path == "" {
		return nil
	}
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
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
