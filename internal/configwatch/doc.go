// Package configwatch watches the folder in which a server's configuration is mounted and hands over
// every new revision of it, validated as a whole, or the reason why it is not valid.
//
// The folder may be a mounted Secret, which kubelet replaces by renaming the symbolic link ..data, or
// an ordinary folder that a person edits. Both are watched through the folder itself (never through
// single files, whose inodes change) with a slow poll as a net, because notifications can be lost and
// the folder may not exist yet. Bursts of changes are read once they have settled, and a read counts
// only when a second one finds the same content, so that half of one revision is never mixed with half
// of the next.
//
// The package keeps no configuration: which revision is served, and that the last good one stays
// when a new one is bad, is the receiver's business. It never writes to the folder.
package configwatch
