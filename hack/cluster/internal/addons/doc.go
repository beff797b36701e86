// Package addons applies what a cluster needs beyond its components: cluster
// DNS, the default StorageClass, simulated nodes. Everything goes through
// server-side apply, so that doing it again changes nothing.
package addons
