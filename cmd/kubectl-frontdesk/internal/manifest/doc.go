// Package manifest reads files of Kubernetes objects and remembers on which line each field stands, so
// that a problem can be shown where it is. It knows nothing of what the objects mean.
package manifest
