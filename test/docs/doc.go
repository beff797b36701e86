// Package docs tests what users read: the objects in it are accepted by a real API server, the links lead
// somewhere, the make targets exist.
package docs
