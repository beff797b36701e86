package server

import (
	"net"
)

// gathering accepts connections that can gather an answer into one write. net/http writes an answer that is longer than its
// buffer in two, and the second costs both sides as much as the first.
type gathering struct{ net.Listener }

// Accept implements net.Listener.
func (l gathering) Accept() (net.Conn, error) {
	accepted, err := l.Listener.Accept()
	if tcp, ok := accepted.(*net.TCPConn); ok {
		return &gatheringConn{TCPConn: tcp}, err
	}
	return accepted, err
}

// gatheringConn holds back what is written until as much is there as was announced. It is written to by one goroutine, the
// one that also runs the handlers.
type gatheringConn struct {
	*net.TCPConn
	announced int
	held      []byte
}

// Announce says that at least so many bytes are about to be written, in one or more writes. Whoever says so must write
// them: until then nothing is sent.
func (c *gatheringConn) Announce(bytes int) { c.announced = bytes }

// Write implements net.Conn.
func (c *gatheringConn) Write(p []byte) (int, error) {
	if len(c.held)+len(p) < c.announced {
		c.held = append(c.held, p...)
		return len(p), nil
	}
	c.announced = 0
	if len(c.held) == 0 {
		return c.TCPConn.Write(p)
	}
	first := int64(len(c.held))
	buffers := net.Buffers{c.held, p}
	written, err := buffers.WriteTo(c.TCPConn)
	c.held = c.held[:0]
	return int(max(0, written-first)), err
}
