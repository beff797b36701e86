// Package alerts writes Prometheus' rules for one tenant, from the service level that it promises.
//
// Everything here is pure: a tenant in, groups of rules out, in the form that both a rule file and a
// PrometheusRule have. The package talks to nobody, and it names no metric that the server does not export: a
// test compares every name, label and bucket with what a server registers. What is not measured (messages that
// wait to be sent, campaigns, the expiry of certificates and keys, integrations) has no alert.
//
// How fast the error budget burns is watched over several windows at once, as the Google SRE workbook
// describes it (chapter 5, "Alerting on SLOs", table 5-8). Long windows are sums over one recorded 5-minute
// rate, not rates over days of raw series: with a thousand tenants the latter would be most of what Prometheus
// does.
package alerts
