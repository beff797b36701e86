// Package observe is how a server is seen from outside: its metrics, its log, and the correlation id
// that ties one request's traces together.
//
// Metrics live in a registry of their own rather than the process-wide default, so that tests can run
// many servers in one process. Labels are bounded: route patterns, never paths; codes, never messages.
// Nothing here ever records who a customer is: no names, numbers, addresses or query strings.
package observe
