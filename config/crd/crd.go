// Package crd holds the generated definitions of the three kinds, for programs that check objects
// without a cluster. The files are made by `make manifests`; nothing here is written by hand.
package crd

import "embed"

// Files are the CustomResourceDefinitions, one YAML file for each kind, under bases.
//
//go:embed bases/*.yaml
var Files embed.FS
