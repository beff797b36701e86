// Package podlogs reads the logs of several pods as one stream of lines, each with the name of its pod.
package podlogs
