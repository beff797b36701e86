// Command coredns is CoreDNS with only the plug-ins that the local cluster's
// DNS needs. Leaving out the rest (cloud providers, DNSSEC, gRPC and so on)
// makes it build several times faster and weigh half as much.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

func main() {
	// The order of directives is the order in which a query passes through the
	// plug-ins, so it is fixed here and not by the Corefile.
	dnsserver.Directives = []string{"errors", "health", "ready", "cache", "kubernetes"}
	coremain.Run()
}
