// Package compat answers the paths that clients of the earlier system know, in the shapes that its guide documents.
//
// Each path is a thin adapter over the same services as /api/v1: it reads the earlier names, asks the service,
// and writes the earlier shape. It decides nothing. Where the earlier system answered without having done
// anything, these paths do it, or refuse with a reason; a fact that does not exist is null or false.
//
// What differs on purpose, for all of them: an API key is needed; a client key that names another business is
// refused (403 TENANT_ACCESS_DENIED); errors have the one documented form; every answer says that the path is
// deprecated and until when it answers. docs/api-compatibility.md lists the rest, path by path.
package compat
