// Package loadgen sends HTTP/1.1 requests over keep-alive connections and takes as little processor time for it as it
// can: where client and server share two cores, what the client burns is missing in the server's figure.
//
// One thread serves all connections with epoll: one write and one read for each request, no goroutine switches, no
// header maps, no allocation per request. It does not cheat for that: it waits for the whole answer, reads its
// status and its body (by Content-Length or in chunks), counts answers by status, and fails on anything it does not
// understand. It never pipelines, never retries, and never opens a second connection for one that broke.
//
// With a Rate the load is an open loop: requests are due at fixed moments, whatever the answers do, and an answer's
// time counts from the moment its request was due. Linux only.
package loadgen
