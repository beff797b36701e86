// Package upgrade installs the chart of the previous release on a real API server, has tenants made under it,
// and upgrades to the chart of this tree with real Helm.
//
// testdata holds the previous release's chart as it was packaged. It is replaced by the newest one whenever a
// release is made, and never changed otherwise; the commit that test/e2e builds that release from changes with it. There are
// no nodes here: what an upgrade does to running pods is shown by the end-to-end tests and, for each pod template, by the
// golden files of the controllers. The file for those who install without Helm is applied here too.
package upgrade
