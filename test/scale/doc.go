// Command scale measures the operator with many Tenants and tries to upset it.
//
// The control plane is real: etcd, API server, controller manager and scheduler, unthrottled. Nodes and pods are
// kwok's, so nothing runs in them; a stand-in in this process answers the status endpoint at every pod's address and
// takes up a new revision when the pod is nudged, as kubelet and server would. The operator is the released binary in
// a process of its own, with exactly the rights that the chart gives it.
//
// Everything happens in a network namespace of this program, in which all pod addresses lead to the stand-in. It
// needs root for that, and nothing of it reaches the machine's own network.
//
// It prints a table, writes out/scale.json and compares it with limits.json, where the mean and spread of the runs
// that it was set by stand beside each limit. It never judges by time alone what can be counted: requests are counted by the API server
// itself, through flow schemas that take the operator's requests and nobody else's.
package main
