package loadgen

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func get(path string) func(int, []byte) []byte {
	return func(_ int, request []byte) []byte {
		return append(request, "GET "+path+" HTTP/1.1\r\nHost: bench\r\n\r\n"...)
	}
}

func address(server *httptest.Server) string { return server.Listener.Addr().String() }

func TestCountsWhatTheServerAnswered(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	long := strings.Repeat("0123456789", 10_000) // sent in chunks, by several reads
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if n := served.Add(1); n%2 == 0 {
			w.WriteHeader(http.StatusConflict)
		}
		_, _ = w.Write(append(body, long...))
	}))
	defer server.Close()
	broken := 0
	result, err := Run(t.Context(), Options{
		Address: address(server), Connections: 4, Duration: 200 * time.Millisecond,
		Next: func(i int, request []byte) []byte {
			body := fmt.Sprint("connection ", i, ";")
			return fmt.Appendf(request, "POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		},
		Done: func(i int, answer Answer) {
			if string(answer.Body) != fmt.Sprint("connection ", i, ";")+long {
				broken++
			}
		},
	})
	if err != nil || broken > 0 {
		t.Fatalf("%d answers were not put together again; %v", broken, err)
	}
	if int64(result.Requests()) != served.Load() || result.ByStatus[200]+result.ByStatus[409] != result.Requests() || result.ByStatus[409] == 0 {
		t.Errorf("the server answered %d requests, counted were %v", served.Load(), result.ByStatus)
	}
	if result.Only(200) == nil {
		t.Error("answers of another status went unnoticed")
	}
}

func TestAnOpenLoopKeepsItsRateAndCountsTheTimeInLine(t *testing.T) {
	t.Parallel()
	const pause = 50 * time.Millisecond
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { time.Sleep(pause) }))
	defer server.Close()
	// One connection serves 20 requests a second; 100 are due.
	result, err := Run(t.Context(), Options{
		Address: address(server), Connections: 1, Duration: 200 * time.Millisecond, Rate: 100, Next: get("/"),
	})
	if err != nil || result.Requests() != 20 {
		t.Fatalf("%d requests were sent where 20 were due: %v", result.Requests(), err)
	}
	if slowest := result.Percentile(100); slowest < 15*pause {
		t.Errorf("the last of 20 requests waited in line, yet counts as answered in %s", slowest)
	}
}

func TestAServerThatLeavesIsAnError(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
	}))
	defer server.Close()
	if _, err := Run(t.Context(), Options{Address: address(server), Connections: 1, Duration: time.Second, Next: get("/")}); err == nil {
		t.Error("a closed connection went unnoticed")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
	for i := range len(chunked) {
		if _, _, complete, err := parse([]byte(chunked[:i])); complete || err != nil {
			t.Fatalf("complete after %d of %d bytes (%v)", i, len(chunked), err)
		}
	}
	for answer, want := range map[string]string{
		chunked: "abcde",
		"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok": "ok",
		"HTTP/1.1 204 No Content\r\n\r\n":                     "",
	} {
		if _, body, complete, err := parse([]byte(answer)); !complete || err != nil || !bytes.Equal(body, []byte(want)) {
			t.Errorf("%q: %q %v %v", answer, body, complete, err)
		}
	}
	for _, answer := range []string{
		"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxy",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP",
	} {
		if _, _, _, err := parse([]byte(answer)); err == nil {
			t.Errorf("%q was accepted", answer)
		}
	}
}
