// Package proposal checks a set of manifests as a whole and renders what the operator would make of them,
// without a cluster: first each object by its schema and rules, then what the objects say of each other.
package proposal
