// Package lead is the domain of people: who they are, how far the business has come with them, whether they may be
// contacted, and what happened to them. A lead and a customer are the same person, one row each; a lead is a customer
// who has not booked yet.
//
// # Identity
//
// A phone number in E.164 form identifies a person. Numbers are read as people of the tenant's region write them, and
// never compared by their last digits: +44 20 7946 0123 and +1 207 946 0123 are two people. Who booked with nothing but an
// e-mail address is identified by that until a number is known. People who were merged keep their other numbers as
// aliases: whoever creates or imports one of those means the person that is left.
//
// # The same number again
//
// Creating or importing somebody who is known brings together what is known and what is new ([Absorb]): a name or an
// address that is given replaces the old one, tags are united, custom fields are replaced key by key, and notes and source
// are filled in only where there are none. Nothing given is never a reason to erase. (A booking is weaker: it
// brings a name only to somebody who has none, because people share numbers.) The status stays, but for
// opted_out, which is always heard. So the same request, or the same file, a second time changes nothing.
//
// # Status
//
//	new ─► contacted, no_answer, engaged ─► booked ─► cancelled
//	 any of them ─► not_interested, opted_out
//
// [Status.Next] is the whole table. Bookings move a person to booked and, when the last one is called off, to cancelled, in
// the transaction of the booking itself. Nobody leaves opted_out but by an opt-in.
//
// # Opt-out
//
// The registry of opted-out numbers decides, not the status. It holds keyed hashes ([HashNumber]), so that it outlives the
// erasure of a person. Every question about it that cannot be answered is answered "must not be contacted"
// ([Service.MayContact]), and it is never read from a cache.
//
// # What it never does
//
// The package knows nothing of HTTP, SQL or CSV, and reads no clock but the Store's. It contacts nobody. Its events name
// fields, never their content: personal data stays in the person's row.
package lead
