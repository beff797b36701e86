// Command kubectl-frontdesk is a kubectl plugin for those who run tenants of Frontdesk: `kubectl frontdesk`.
// The commands are in the package command; see docs/cli.md.
package main
