// Package e2e holds the tests that start real clusters. They need the tools
// (`cluster tools`), and most need root; each says why when it is skipped. They
// look at the host before and after: a cluster must leave nothing behind, however
// it ended.
package e2e
