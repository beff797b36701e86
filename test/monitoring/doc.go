// Package monitoring holds tests of alerts and dashboards against the real things: promtool runs every rule
// that is rendered over made-up series, and every metric that a rule or a panel names is one that the programs
// register.
package monitoring
