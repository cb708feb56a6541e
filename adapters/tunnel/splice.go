package tunnel

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/streamspace-dev/streamspace/ports/link"
)

// linger is how long the other direction may continue after one has ended, if the connections can be half-closed. It
// is enough for data in flight, and bounds a peer that ignores the end.
const linger = time.Second

// buffers is shared by all streams, so that a new stream reuses the buffers of one that has ended.
var buffers = sync.Pool{New: func() any { return new([link.CopyBuffer]byte) }}

// Splice copies both ways between a and b until either ends, then closes both. It returns what ended the first
// direction, nil for an ordinary end. To end it from outside, close either. It sets no deadline: a desktop that
// nothing happens on stays open.
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

// end says how one direction ended. half means that the destination was half-closed, so the other direction may still
// continue.
type end struct {
	err  error
	half bool
}

// pump copies one direction. At the end of src it closes the sending half of dst, if dst has halves: the other side
// then reads an end, and can still send what it holds.
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
