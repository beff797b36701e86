// Package v1alpha1 is the Kubernetes API of Frontdesk: the kinds Tenant, BookingPolicy and Campaign.
//
// The *_types.go files are schema only. Their comments are what `kubectl explain` prints, so they are
// written for the person who fills in the YAML: units, defaults, examples, and what a change does. Rules
// that one object can answer for itself are CEL, beside the field they guard. Rules that need a second
// object (does that policy exist, may this author read that Secret) belong to the controllers and to the
// admission policy that ships with the chart.
//
// Helpers live in *_funcs.go and are pure: this package never talks to a cluster and never imports a
// controller, the server or a store.
//
// There is no conversion webhook, so a shape may only grow: a field is never renamed or retyped. Why the
// shapes are as they are is in docs/adr/0001-api-shapes.md.
//
// +kubebuilder:object:generate=true
// +groupName=frontdesk.dev
package v1alpha1
