package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// SessionCookie is the name of the dashboard's cookie.
const SessionCookie = "frontdesk_session"

// SessionLifetime is how long a person stays signed in.
const SessionLifetime = 12 * time.Hour

// MinSessionSecret is the least number of bytes that sign sessions.
const MinSessionSecret = 16

// ErrNoSession says that there is no valid session: none was sent, it has ended, or its key is gone.
var ErrNoSession = errors.New("not signed in")

// Sessions issues and checks the sessions of one revision. It is immutable.
type Sessions struct {
	secret   []byte
	verifier *Verifier
}

// NewSessions returns sessions signed with the secret, for the verifier's keys.
func NewSessions(secret []byte, verifier *Verifier) (*Sessions, error) {
	if len(secret) < MinSessionSecret {
		return nil, fmt.Errorf("the session secret has %d bytes; at least %d are needed", len(secret), MinSessionSecret)
	}
	return &Sessions{secret: secret, verifier: verifier}, nil
}

// Issue returns the cookie that keeps the principal signed in. Secure must be true when the browser
// speaks TLS.
func (s *Sessions) Issue(p Principal, now time.Time, secure bool) *http.Cookie {
	expiry := now.Add(SessionLifetime)
	statement := p.KeyID + "." + strconv.FormatInt(expiry.Unix(), 10)
	value := statement + "." + base64.RawURLEncoding.EncodeToString(s.sign(statement, s.proof(p)))
	return sessionCookie(value, int(SessionLifetime.Seconds()), secure)
}

// proof is the hash that the session dies with.
func (s *Sessions) proof(p Principal) string {
	if p.proof != "" {
		return p.proof
	}
	return s.verifier.keys[p.KeyID].Hash
}

// Clear returns the cookie that ends the session in the browser.
func (s *Sessions) Clear(secure bool) *http.Cookie { return sessionCookie("", -1, secure) }

func sessionCookie(value string, maxAge int, secure bool) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure is set whenever the browser speaks TLS; a server that runs alone may not
		Name: SessionCookie, Value: value, Path: "/dashboard", MaxAge: maxAge,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	}
}

// Authenticate says who the request's session belongs to. The error is ErrNoSession.
func (s *Sessions) Authenticate(r *http.Request, now time.Time) (Principal, error) {
	cookie, err := r.Cookie(SessionCookie)
	if err != nil {
		return Principal{}, ErrNoSession
	}
	id, rest, _ := strings.Cut(cookie.Value, ".")
	expiryText, macText, _ := strings.Cut(rest, ".")
	expiry, err := strconv.ParseInt(expiryText, 10, 64)
	if err != nil || !now.Before(time.Unix(expiry, 0)) {
		return Principal{}, ErrNoSession
	}
	mac, err := base64.RawURLEncoding.DecodeString(macText)
	if err != nil {
		return Principal{}, ErrNoSession
	}
	key, err := s.verifier.session(r.Context(), id)
	if err != nil {
		return Principal{}, ErrNoSession
	}
	for _, hash := range key.hashes(now) {
		if hmac.Equal(mac, s.sign(id+"."+expiryText, hash)) {
			return principalOf(key, hash), nil
		}
	}
	return Principal{}, ErrNoSession
}

func (s *Sessions) sign(statement, keyHash string) []byte {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("frontdesk dashboard session v1\n" + statement + "\n" + keyHash))
	return mac.Sum(nil)
}
