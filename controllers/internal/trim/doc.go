// Package trim makes objects small before a cache keeps them. Nearly all of the operator's memory is its caches: some
// fifteen objects for each tenant, of which little is ever read.
//
// Of what the operator makes only that little is kept, and what the objects of one tenant have in common (owner,
// namespace, labels) is kept once for all of them. Of the kinds that people write nothing is dropped, because a patch is
// made from what was read; but the words of a status, which are the same in thousands of them, are kept once.
//
// What is dropped here is read nowhere: whoever begins to read another label, annotation or field of a cached object adds
// it here or to what New is given. For labels and annotations a test of package controllers sees to it; fields are up to
// who reads them. A change of what is dropped wakes nobody; that a field of ours was changed shows in the digest that package
// apply computes before (see apply.Transform).
//
// The package never changes an object that a cache holds already: what comes back to it is passed on or copied.
package trim
