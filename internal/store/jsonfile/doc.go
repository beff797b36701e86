// Package jsonfile keeps bookings in one JSON file that a person can read. It is for development: look what the server
// has kept, copy it, throw it away.
//
// The rules and the SQL are those of package sqlite: the database is in memory, and every change writes all of its
// content to the file before it takes effect. The file is replaced whole, by writing another one beside it, syncing that,
// renaming it and syncing the folder; so a crash at any moment leaves the content before a change or after it,
// never a mixture, and what was acknowledged is there. A change that cannot be written does not happen. When the file may
// have been replaced and that cannot be told, the store serves nothing more until it is opened again.
//
// The cost of a change grows with the content, and changes and reads take turns. MaxSize bounds the file: a change that
// would make it larger is refused with booking.ErrStorageFull and nothing is lost.
//
// One process at a time has the file, by a lock on a file beside it. A file that is damaged, or that something else
// wrote, is refused and never touched. The folder must be on a local file system.
package jsonfile
