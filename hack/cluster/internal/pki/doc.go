// Package pki makes the certificates of a local cluster: one authority, a
// serving certificate for the API server and one for the kubelet, and client
// certificates for every component.
//
// The authority and the service-account key last as long as the state
// directory; the rest is issued anew at every start, because addresses may
// change. Keys never leave the state directory.
package pki
