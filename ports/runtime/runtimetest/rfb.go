package runtimetest

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
)

// Greet begins to use a display that asks for no password, and returns its width in pixels (RFC 6143, 7.1 to 7.3).
func Greet(conn net.Conn) (width int, err error) {
	read := func(n int) []byte {
		b := make([]byte, n)
		_, e := io.ReadFull(conn, b)
		err = errors.Join(err, e)
		return b
	}
	write := func(b ...byte) {
		_, e := conn.Write(b)
		err = errors.Join(err, e)
	}
	read(12)
	write([]byte("RFB 003.008\n")...)
	read(int(read(1)[0])) // the kinds of authentication
	write(1)              // none
	read(4)
	write(1) // shared
	init := read(24)
	read(int(binary.BigEndian.Uint32(init[20:]))) // the name
	return int(binary.BigEndian.Uint16(init)), err
}
