// Package auth decides who is calling: API keys for programs, sessions for people at the dashboard.
//
// An API key is fd_<id>_<secret>. The id is public and finds the key's bcrypt hash in the tenant's
// document or database; the secret is random and shown once. A Verifier knows the keys of one revision of the
// document, so a key that a new revision leaves out is refused from the first request that
// revision serves. A Gate outlives revisions: it remembers which keys were proved, so that bcrypt is
// paid once per key and process, and it limits failed attempts and concurrent bcrypts *before* bcrypt
// runs, or junk keys would eat the processor.
//
// Keys are in two places. The document's are the operator's and change with it. A KeyStore has those that the
// business makes, rotates and revokes through the API; a KeyRing remembers them and forgets all of them the moment
// that any replica changes one. While it cannot hear of changes it remembers nothing.
//
// What is remembered of a key is a digest under a random key of the process, never the key itself.
// A session is a signed statement "this browser showed key <id> until <time>": nothing is stored, and
// it dies with its key, because the signature covers the key's hash.
//
// The package does no HTTP beyond naming the session's cookie, reads no clock of its own accord, and never
// logs or formats a secret.
package auth
