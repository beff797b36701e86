// Package apply brings the objects of one owner into being by server-side apply, and writes nothing
// when nothing has to be written.
//
// All applies use one field owner. An apply is skipped when two things hold: the object carries the
// hash of the very same intent (an annotation), and the API server's record of what we own in it (our
// entry in managedFields) still has the digest that it had after our last apply. Whoever changes or
// removes one of our fields, by whatever means, changes that record; whoever changes the status or
// adds an annotation of his own does not. The digest is computed when an object enters the cache (see
// Transform), so that managedFields need not be kept there, and is remembered in memory and in the
// owner's status (Item.Digest), so that a restarted operator has nothing to write either.
//
// Server-side apply alone leaves what others have added. In Secrets, Services and NetworkPolicies that is not
// harmless (a foreign key would become configuration, a foreign port or rule an opening), so there a foreign owner of
// data or spec counts as drift and what it added is taken out.
//
// An object that has to be put right again and again is fought over by another controller: it is put right
// ever more rarely, and who else writes it is said (see FightError).
//
// An object of the wanted name that the owner does not control is never touched: see ConflictError.
package apply
