// Package schema checks objects of the three kinds without a cluster, by the very code with which an API
// server checks them: the schemas of the definitions, their defaults and their CEL rules.
//
// It judges an object as if it were created. Rules about changes, such as fields that never change, need
// the former object and hence a cluster.
package schema
