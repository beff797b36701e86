package auth

import "slices"

// Scope is something that a key may do.
type Scope string

// The scopes. ScopeAdmin includes the others.
const (
	ScopeAdmin         Scope = "admin"
	ScopeBookingsRead  Scope = "bookings:read"
	ScopeBookingsWrite Scope = "bookings:write"
	ScopeLeadsRead     Scope = "leads:read"
	ScopeLeadsWrite    Scope = "leads:write"
)

// Scopes lists every scope there is.
func Scopes() []Scope {
	return []Scope{ScopeAdmin, ScopeBookingsRead, ScopeBookingsWrite, ScopeLeadsRead, ScopeLeadsWrite}
}

// Principal is a caller whose key or session was verified.
type Principal struct {
	// KeyID is the id of the API key.
	KeyID string
	// Name is what the key was named for people; it may be empty.
	Name   string
	Scopes []Scope
	// proof is the stored hash that the key was proved against.
	proof string
}

// Has says whether the caller may do what the scope stands for.
func (p Principal) Has(scope Scope) bool {
	return slices.Contains(p.Scopes, ScopeAdmin) || slices.Contains(p.Scopes, scope)
}

// Actor names the caller in a booking's history: "key:<id>".
func (p Principal) Actor() string { return "key:" + p.KeyID }
