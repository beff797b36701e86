// Package pgtest gives tests a real Postgres: one server for each test binary, a fresh database for each test.
//
// The server is a child of the test binary on a Unix socket and a free loopback port, in a temporary folder. It
// starts when the first test asks for a database, and the kernel kills it when the test binary dies, however that
// happens; a folder that a killed run left behind is removed by the next one. As root it runs as an
// unprivileged user, because Postgres refuses to run as root.
//
// A test package calls Main from its TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// and each test asks for URL (migrated) or EmptyURL. Where Postgres is not installed, tests fail and say how to
// install it; they never skip.
package pgtest
