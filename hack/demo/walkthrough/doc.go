// Package walkthrough is the product shown once from end to end: a cluster, the operator installed by
// Helm, a business described in two objects, an appointment booked, the same slot refused, the
// appointment cancelled. `make demo` plays it for a reader; the end-to-end tests play it and then go on.
//
// It does what a platform engineer and a customer would do, with the tools they would use: kubectl,
// helm and plain HTTP with an API key. It links neither the operator's nor the server's code, so that it
// cannot pass by sharing their mistakes. It keeps nothing but what is under its state folder and in the
// cluster. In a cluster of somebody else's it marks what it makes, and takes nothing else away again.
package walkthrough
