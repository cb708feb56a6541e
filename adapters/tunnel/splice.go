package tunnel

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// linger is how long the other direction may go on after one has ended, where the ends can close by half: time for
// what was under way, not for a peer that ignores the end.
const linger = time.Second

// buffers are shared by all streams: an idle stream needs its two only while it is open, a new one need not allocate.
var buffers = sync.Pool{New: func() any { return new([link.CopyBuffer]byte) }}

// Splice copies both ways between a and b until either ends, then closes both. It returns what ended the first
// direction, nil for an ordinary end. To end it from outside, close either.
func Splice(a, b io.ReadWriteCloser) error {
	ends := make(chan end, 2)
	go func() { ends <- pump(b, a) }()
	go func() { ends <- pump(a, b) }()
	first := <-ends
	if first.half {
		timer := time.NewTimer(linger)
		defer timer.Stop()
		select {
		case <-ends:
			_, _ = a.Close(), b.Close()
			return nil
		case <-timer.C:
		}
	}
	_, _ = a.Close(), b.Close()
	<-ends
	if errors.Is(first.err, net.ErrClosed) || errors.Is(first.err, io.ErrClosedPipe) {
		return nil
	}
	return first.err
}

// end is how one direction ended. half tells that its reader was told so, and that the other direction may still go
// on.
type end struct {
	err  error
	half bool
}

func pump(dst io.Writer, src io.Reader) end {
	buf := buffers.Get().(*[link.CopyBuffer]byte)
	defer buffers.Put(buf)
	// Hiding ReadFrom and WriteTo makes the copy use this buffer: a TCP connection's ReadFrom falls back to one of 32
	// KB.
	_, err := io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, buf[:])
	if err != nil {
		return end{err: err}
	}
	half, ok := dst.(interface{ CloseWrite() error })
	return end{half: ok && half.CloseWrite() == nil}
}
