// Package kubetest gives Go tests a real Kubernetes API: one etcd and one kube-apiserver for each test
// binary, started on the first use and stopped at its end, with the kinds of this project installed.
//
//	func TestMain(m *testing.M) { kubetest.Main(m, kubetest.Options{}) }
//
//	func TestSomething(t *testing.T) {
//		t.Parallel()
//		cluster := kubetest.Start(t)
//		namespace := cluster.Namespace(t)
//		…
//	}
//
// There is no controller-manager, no scheduler and no node: nothing collects garbage, finishes the deletion
// of a namespace or runs a pod. Tests share the cluster and keep apart by namespace.
//
// The binaries come from KUBEBUILDER_ASSETS or, without it, from .local/bin at the root of the repository
// (`make tools`). When they are missing a test fails; it is never skipped, because a suite that skips itself
// proves nothing. etcd runs without fsync here: do not measure disks with it.
//
// A test binary that is killed takes its processes with it (on Linux), and what it left in the temporary
// folder is removed by the next run.
package kubetest
