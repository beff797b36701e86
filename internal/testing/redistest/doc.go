// Package redistest gives a test a real Redis of its own.
//
// The server is a child of the test binary. It listens on a Unix socket in a temporary folder only, so that two
// tests never want the same port, and it keeps nothing on disk. It ends with the test that started it; when the
// test binary dies first, however that happens, the kernel ends it.
//
// Where Redis is not installed, tests fail and say how to install it; they never skip.
package redistest
