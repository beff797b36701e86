// Package admission proves the admission policies of config/policy on a real API server: each accepts what
// it should and refuses what it should, in words that say what to do, for users with few rights.
//
// A policy takes effect a moment after it was made, and learns of the Tenants that it looks at a moment after
// they were. So a refusal is waited for, and what must be accepted is tried once the refusal has been seen.
package admission
