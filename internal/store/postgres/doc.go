// Package postgres keeps bookings in PostgreSQL 14 or later. It is what production runs.
//
// The database itself prevents overlap: each live booking owns rows in occupancy, under an exclusion
// constraint. The common booking is one statement, which is also one round trip and one commit; those that
// arrive together share all of it (collect.go, book_together.go). Bookings that need several units, counted limits or a
// place in a group, series and moves take advisory locks in sorted order first. Those of one process take turns before
// that, so that they do not wait for each other with a connection in hand (turns.go). Only what learns in its transaction
// which locks it needs waits there: whoever calls a series off, or makes offers of what is freed.
//
// What can be decided by a statement that is written before anything is known, because there is one candidate and nothing to be
// counted, is one round trip under its locks, which those whose turn comes at the same time share (tasks.go, book_tasks.go,
// move.go). Everything else, and what such a statement could not do, has a transaction of its own that looks first.
//
// Somebody may hold a lock for long: another server, or an administrator. A change that misses one within a quarter of a second is undone and
// gives its connection back. A third of the pool is for those who try again, in turns, for ten seconds; a fifth is for those who only read
// (writer.go). So however many wait, everybody else is served; in a pool of one or two connections not always. Who imports or unites
// people may wait longer with a connection, because it is one at a time. Keys of the API and housekeeping have no such bound; they are few.
//
// Every path acquires in the same order, so that no two wait for each other crosswise: the lock of the
// waitlist's line, advisory locks (sorted), occupancy (sorted), customers (sorted), booking, event, idempotency keys (sorted). The key comes last, as a
// plain insert: a booking that fails is undone with its claim, and a request that loses the race for its key is
// undone as a whole and then reads the winner's answer in a second statement, because its first statement's snapshot
// cannot see it. A refusal that is kept claims the key afterwards, in a transaction of its own (once.go).
// The exceptions are changes that share a transaction, and series: one after the other they take what comes in that order for each
// of them. Two that wait for each other are parted after 250 ms, when the shared one is undone and each of its changes is done alone.
//
// Bookings have no foreign key to their customers. Whoever sets bookings.customer_id has written or locked that
// customer's row before, in the same transaction; that the row then stays is what triggers see to (migration 60).
//
// Other servers on the same database are told of changes after their commit (feed.go). A caller who hangs up may leave before it. A change that
// shares a statement, or is made by one that was written to be shared, is then told of when it is made, on this server, too. Others lose
// their connection with their caller; they are told of at once and again a second later, when the server should have ended them.
//
// Time that a change frees goes to those who wait for it in the change's own transaction (offer.go). Such changes share
// the line's lock and joining holds it alone, so none misses an entry. An entry's row is locked before the customer's, but
// by erasing and merging people, which begin with the person and are rare: who meets one of them there is tried again.
//
// During an update servers of two releases share the database, and with it the locks: a lock keeps its number, or is
// taken under both numbers for one release. No rule depends on an advisory lock alone that would make two bookings of
// one time; those are the constraints' to refuse. What a lock that is not shared costs is a person in line who is passed over, or a limit
// that is exceeded by one. One lock went at once, without such a release: frontdesk/waiting/<identity>, in whose place the person's
// row is locked now. While servers from before and after that run side by side, somebody can join one line too many.
//
// The package decides by the database's clock only, never caches, and never puts a value into SQL text.
package postgres
