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
)

const repository = "../.."

// suite is what all tests share; TestMain fills it in. Its site has the product of this tree in it.
var suite struct {
	*site
	root string
	// image is that of this tree.
	image    walkthrough.Image
	database *databaseServer
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

// startTimeout bounds everything that comes before the tests, on a machine that compiles it all for the first time.
const startTimeout = 10 * time.Minute

func run(m *testing.M) (code int) {
	before, err := takeInventory()
	if err != nil {
		return fail("look at this machine", err)
	}
	if suite.root, err = filepath.Abs(repository); err != nil {
		return fail("find the repository", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	building := make(chan error, 1)
	go func() {
		var err error
		suite.image, err = walkthrough.BuildImage(ctx, suite.root)
		building <- err
	}()
	suite.site, err = openSite(suite.root, "e2e", os.Stdout)
	built := <-building
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
	if built != nil {
		return fail("build the image", built)
	}
	if suite.database, err = startDatabaseServer(ctx); err != nil {
		return fail("start Postgres", err)
	}
	defer func() {
		if err := suite.database.Stop(); err != nil {
			code = fail("stop Postgres", err)
		}
	}()
	if err := playDemo(ctx); err != nil {
		return fail("play the demo", err)
	}
	return m.Run()
}

// playDemo is `make demo` on a platform with a database server and with a former release that tenants may be pinned to.
func playDemo(ctx context.Context) (err error) {
	suite.demo.Image = suite.image
	if suite.demo.Values, err = suite.database.serve(ctx, suite.site); err != nil {
		return err
	}
	suite.demo.Values = append(suite.demo.Values, hostSuffixes...)
	suite.demo.Values = append(suite.demo.Values, "server.otherVersions[0].version="+twoDocumentsAgo.version)
	suite.first, err = suite.demo.Up(ctx)
	return err
}

func fail(doing string, err error) int {
	fmt.Fprintf(os.Stderr, "FAIL: %s: %v\n", doing, err)
	return 1
}
