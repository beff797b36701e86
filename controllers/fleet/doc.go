// Package fleet carries out rollouts over all tenants: it gathers what each pass over a tenant reports,
// has controllers/internal/rollout decide, keeps the state in one ConfigMap of the operator's namespace,
// and tells the tenants whose turn it is.
//
// The order is always: decide, store, admit. Nobody is admitted by a decision that is not stored, and a
// decision made from a state that somebody else has replaced meanwhile is refused by the API server. So two
// operators, of which one does not know yet that it leads no more, never roll two waves at once.
//
// It never touches a tenant's objects. A tenant that is woken renders its own pods from the new template,
// if it is its turn, and reports that it has.
package fleet
