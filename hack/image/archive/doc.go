// Package archive builds container images out of files, without a container
// engine, and writes them as docker-archive tarballs (the format of `docker
// save`, which containerd, Docker and Podman load).
//
// The same files give the same bytes on any machine and at any time: entries
// are sorted, owned by root, and dated at the epoch; nothing else goes in.
package archive
