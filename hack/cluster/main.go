// Command cluster runs a real one-node Kubernetes on this machine, built from
// Go modules: no container engine, no registry, no virtual machine.
package main

import (
	"os"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:]))
}
