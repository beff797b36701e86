// Package httpapi is the HTTP API of one tenant: the domain's operations under /api/v1, their OpenAPI 3.1
// description at /openapi.json with a page at /docs, and the load balancer's health checks.
//
// The package translates, and nothing else: requests into calls of booking.Service, its results into
// documented shapes, its errors into one error body with the right status. It decides nothing about
// bookings, and knows neither databases nor Kubernetes.
//
// Handlers return errors; problemOf turns any error into a Problem, and the outermost middleware logs and
// counts what came of the request. So there is one place that decides what a caller may learn of an error
// (nothing of the inside), and one that writes the log line (nothing of the customer).
package httpapi
