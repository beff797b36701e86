// Package controllers puts the control plane together: a folder for each kind, and what they share
// under internal.
//
// Nothing here imports internal/store, internal/booking or internal/httpapi: the operator never
// touches a tenant's data. It shares with the server only internal/tenantconfig and internal/version.
package controllers
