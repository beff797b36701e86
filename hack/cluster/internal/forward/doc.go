// Package forward keeps listeners on the host that lead to Services in the
// cluster.
//
// A listener is opened in the host's network by whoever asks for it and handed
// to the supervisor, which sits in the cluster's network and connects onward to
// the Service's ClusterIP. The listener stays while pods come and go, and ends
// with the supervisor.
package forward
