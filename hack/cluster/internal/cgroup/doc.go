// Package cgroup keeps everything that a cluster runs under one control group
// of its own, on hosts with version 1, version 2 or both.
//
// In every hierarchy there is <root>/frontdesk-<id>/ with two parts: system/
// holds the supervisor and the components, and kubepods/, made by the kubelet,
// the pods. One name is enough to find what is left and to take it away. The
// package never touches a group of another name.
package cgroup
