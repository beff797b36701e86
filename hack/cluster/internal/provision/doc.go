// Package provision gives claims of the default StorageClass their volumes: a
// directory each under the state directory, made when the first pod that uses
// the claim is scheduled, and removed with the claim.
//
// It is the external-provisioner half of Kubernetes' storage protocol
// (annotations volume.kubernetes.io/storage-provisioner and selected-node on
// the claim, pv.kubernetes.io/provisioned-by on the volume). Sizes are recorded
// and not enforced.
package provision
