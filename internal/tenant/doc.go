// Package tenant is what a server serves at one moment: one revision of the tenant's document with
// everything made from it, and the store behind it.
//
// A request takes a Tenant from the Holder once and works with it from start to end, so that it never
// sees half of one revision and half of the next. The Holder counts who still uses a store; a
// replaced store is closed when its last request has ended, and not before.
//
// The package decides nothing and does no I/O of its own: package server builds Tenants and swaps
// them, packages httpapi and dashboard use them.
package tenant
