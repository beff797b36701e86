// Package e2e runs the whole product on a real cluster: a kubelet and containerd with real pods, the
// operator installed by Helm, tenants reached over HTTP as their customers would.
//
//	make test-e2e        (Linux, root)
//
// The tests carry the build tag e2e. They start a cluster of their own through `cluster run`, which goes
// down when the pipe that this process holds is closed, so that a killed run leaves nothing behind.
// What it would leave (processes, mounts, addresses, chains, files) is looked at when it has gone.
//
// Each test has a namespace and tenants of its own, except TestDemo, which is `make demo` itself. What touches the operator,
// and with it every tenant, happens in clusters of its own beside the others: TestUpgrades and TestKilledOperators. A Postgres
// on this machine is the database server of the platform. Former releases are built from git's history, once for each clone, into
// .local/releases. In a clone without history the tests that need them fail, unless FRONTDESK_E2E_WITHOUT_HISTORY is set:
// `make test` sets it there, and says so at its end.
package e2e
