package feed

import (
	"bufio"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// The buffers of a socket, in bytes. The server's own, of 4096 each, would be most of what an idle subscriber takes.
// Most events fit; what is longer is written in several parts.
const (
	readBuffer  = 512
	writeBuffer = 1024
)

// accept makes a request a WebSocket. Its Origin was checked before.
func accept(w http.ResponseWriter, r *http.Request) (*websocket.Conn, error) {
	return websocket.Accept(slim{w}, r, &websocket.AcceptOptions{
		InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
}

// slim is a response that is upgraded to a connection with small buffers.
type slim struct{ http.ResponseWriter }

// Hijack takes the connection from the server. The new buffer has what the client sent already.
func (s slim) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, large, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early := large.Reader.Buffered()
	in := bufio.NewReaderSize(io.LimitReader(large.Reader, int64(early)), max(readBuffer, early))
	_, err = in.Peek(early) // the library reads on from the connection
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, writeBuffer)), err
}
