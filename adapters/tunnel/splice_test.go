package tunnel

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// tcp gives the two ends of a connection over loopback.
func tcp(t testing.TB) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	near, err = net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	far, err = l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	return near, far
}

func spliced(t testing.TB, a, b io.ReadWriteCloser) <-chan error {
	t.Helper()
	over := make(chan error, 1)
	go func() { over <- Splice(a, b) }()
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return over
}

func TestSpliceLetsTheOtherDirectionFinish(t *testing.T) {
	t.Parallel()
	viewer, a := tcp(t)
	b, display := tcp(t)
	over := spliced(t, a, b)
	exchange(t, viewer, display, "question")
	if err := viewer.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	ends(t, "the question", display)
	want := bytes.Repeat([]byte("answer "), 100_000)
	go func() { _, _ = display.Write(want); display.Close() }()
	got, err := io.ReadAll(viewer)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes came after the half close (%v)", len(got), len(want), err)
	}
	if err := receive(t, "the end", over); err != nil {
		t.Errorf("an ordinary end gave %v", err)
	}
}

func TestSpliceDoesNotWaitForAPeerThatIgnoresTheEnd(t *testing.T) {
	t.Parallel()
	viewer, a := tcp(t)
	b, display := tcp(t)
	over := spliced(t, a, b)
	viewer.Close()
	if err := receive(t, "the end", over); err != nil {
		t.Errorf("an ordinary end gave %v", err)
	}
	ends(t, "the display", display)
}

func TestSpliceOfEndsWithoutHalfClose(t *testing.T) {
	t.Parallel()
	viewer, a := net.Pipe()
	b, display := net.Pipe()
	over := spliced(t, a, b)
	exchange(t, viewer, display, "keys")
	exchange(t, display, viewer, "pixels")
	display.Close()
	receive(t, "the end", over)
	ends(t, "the viewer", viewer)
}

func TestSpliceTellsWhatWentWrong(t *testing.T) {
	t.Parallel()
	viewer, a := tcp(t)
	b, _ := tcp(t)
	over := spliced(t, a, b)
	if err := viewer.SetLinger(0); err != nil { // closing resets the connection
		t.Fatal(err)
	}
	viewer.Close()
	if err := receive(t, "the end", over); err == nil {
		t.Error("a reset gave no error")
	}
}
