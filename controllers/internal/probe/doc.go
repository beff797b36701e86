// Package probe asks the servers of tenants what they run.
//
// Each ready pod is asked by its own address, apart from all others, by long poll: the server
// answers when it serves the wanted revision or has refused it, so that news arrives within
// milliseconds and no reconcile ever waits for a pod. A changed answer puts the tenant back into the
// work queue. Pods that serve what is wanted are asked again now and then, because a database may go
// away without any change in Kubernetes.
//
// The wire protocol is tenantconfig.Status at tenantconfig.StatusPath.
package probe
