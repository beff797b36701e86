// Package dashboard is what the business owner sees in a browser: pages made on the server, complete without
// any script.
//
// People sign in with an API key that may read bookings; the session is a cookie (see package auth). The
// pages run under a content security policy that allows no script and nothing from elsewhere, so a customer
// whose name is markup stays a name. Every change goes through a form that other sites cannot send.
//
// The package shows bookings and decides nothing about them.
package dashboard
