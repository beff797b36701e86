// Command hello is the baseline of the slot queries: the least that a net/http server can do, as a process of its own
// like the server that is measured beside it.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: hello HOST:PORT")
		os.Exit(2)
	}
	http.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("hello\n")) // a failure means that the client is gone
	})
	//nolint:gosec // a benchmark's peer on loopback needs no timeouts
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}
