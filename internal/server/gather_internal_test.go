package server

import (
	"bytes"
	"io"
	"net"
	"testing"
)

// TestAnnouncedAnswersAreGathered: what was announced goes out in one piece, in order; what was not is not held back.
func TestAnnouncedAnswersAreGathered(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var dialer net.Dialer
	client, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	accepted, err := gathering{listener}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	conn, ok := accepted.(*gatheringConn)
	if !ok {
		t.Fatalf("accepted a %T", accepted)
	}
	write := func(text string) {
		t.Helper()
		if n, err := conn.Write([]byte(text)); n != len(text) || err != nil {
			t.Fatalf("wrote %d of %q: %v", n, text, err)
		}
	}
	received := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(client, got); err != nil || !bytes.Equal(got, []byte(want)) {
			t.Fatalf("received %q, %v; want %q", got, err, want)
		}
	}
	for range 2 { // a connection is used again
		write("plain")
		received("plain")
		conn.Announce(8)
		write("head")
		if len(conn.held) != 4 {
			t.Errorf("%d bytes are held back; want 4", len(conn.held))
		}
		write("er and body")
		received("header and body")
		write("plain again")
		received("plain again")
	}
}
