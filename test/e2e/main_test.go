//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

const repository = "../.."

// suite is what all tests share; TestMain fills it in.
var suite struct {
	cluster *heldCluster
	demo    *walkthrough.Demo
	kubectl walkthrough.Kubectl
	// first is what came of the first `make demo`, which also installed the operator.
	first *walkthrough.Result
}

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "end-to-end tests need root: a node has namespaces, mounts and iptables of its own")
		os.Exit(1)
	}
	os.Exit(run(m))
}

func run(m *testing.M) (code int) {
	before, err := takeInventory()
	if err != nil {
		return fail("look at this machine", err)
	}
	root, err := filepath.Abs(repository)
	if err != nil {
		return fail("find the repository", err)
	}
	suite.cluster, err = holdCluster(root)
	if err != nil {
		return fail("start the cluster", err)
	}
	defer func() {
		if err := suite.cluster.release(); err != nil {
			code = fail("take the cluster down", err)
		}
		if err := before.awaitSame(30 * time.Second); err != nil {
			code = fail("look for what is left", err)
		}
	}()
	suite.demo = walkthrough.NewDemo(root, suite.cluster, os.Stdout)
	suite.kubectl = suite.demo.Kubectl
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	if suite.first, err = suite.demo.Up(ctx); err != nil {
		return fail("play the demo", err)
	}
	return pgtest.Main(m)
}

func fail(doing string, err error) int {
	fmt.Fprintf(os.Stderr, "FAIL: %s: %v\n", doing, err)
	return 1
}
