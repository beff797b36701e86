// Package redact takes out of texts and objects what must not leave the cluster: the values of Secrets,
// phone numbers, e-mail addresses, API keys and passwords in URLs.
//
// It works twice over. Objects of kind Secret lose their values by structure; then every text, wherever it
// comes from, is searched for the known values (plain and in base64) and for what looks like personal
// data. It prefers to take out too much.
package redact
