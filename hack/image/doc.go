// Command image builds the container image of Frontdesk without a container
// engine: both programs, certificate authorities and time zones, in a
// docker-archive that is the same, byte for byte, wherever it is built from the
// same commit with the same Go version.
//
// The Dockerfile at the repository's root builds an equivalent image for people
// who have Docker.
package main
