// Package chart tests the Helm chart as Helm renders it: with the real program, never with a copy of
// its template engine. It needs helm (`make tools`) and no cluster.
package chart
