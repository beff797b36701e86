package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/singleflight"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// The reasons for which a caller is refused. Which part of a key was wrong is never told.
var (
	ErrMissingKey = errors.New("no API key was given")
	ErrInvalidKey = errors.New("the API key is not valid")
)

// LimitedError says that a caller failed too often and must wait.
type LimitedError struct{ RetryAfter time.Duration }

func (e *LimitedError) Error() string {
	return fmt.Sprintf("too many failed attempts: try again in %s", e.RetryAfter.Round(time.Second))
}

const (
	failuresPerKey     = 10
	failuresPerNetwork = 30
	failureRefill      = 6 * time.Second
	maxNetworks        = 4096
)

// Gate is what outlives a revision of the document: which keys were proved, who failed how often.
type Gate struct {
	now       func() time.Time
	secret    [32]byte // keys the digests; random, so a digest is worthless outside this process
	bcrypts   chan struct{}
	keys      *budgets
	networks  *budgets
	inFlight  singleflight.Group
	compare   func(hash, key []byte) error
	mu        sync.RWMutex
	confirmed map[string][sha256.Size]byte // by key id: a key has one valid secret, so this is bounded by the keys
}

// NewGate returns a gate with an empty memory. Half of the processors may run bcrypt at once.
func NewGate(now func() time.Time) (*Gate, error) {
	gate := &Gate{
		now:       now,
		bcrypts:   make(chan struct{}, max(1, runtime.GOMAXPROCS(0)/2)),
		keys:      newBudgets(failuresPerKey, failureRefill, maxNetworks),
		networks:  newBudgets(failuresPerNetwork, failureRefill, maxNetworks),
		compare:   bcrypt.CompareHashAndPassword,
		confirmed: map[string][sha256.Size]byte{},
	}
	if _, err := rand.Read(gate.secret[:]); err != nil {
		return nil, fmt.Errorf("start key verification: %w", err)
	}
	return gate, nil
}

// Verifier knows the keys of one revision. It is immutable.
type Verifier struct {
	gate *Gate
	keys map[string]tenantconfig.APIKey
}

// NewVerifier returns a verifier of the given keys that shares the gate's memory.
func NewVerifier(gate *Gate, keys []tenantconfig.APIKey) *Verifier {
	verifier := &Verifier{gate: gate, keys: make(map[string]tenantconfig.APIKey, len(keys))}
	for _, key := range keys {
		verifier.keys[key.ID] = key
	}
	return verifier
}

// Verify says who presents the text as an API key from the remote address (host:port).
// Errors: ErrMissingKey, ErrInvalidKey, *LimitedError, or the context's.
func (v *Verifier) Verify(ctx context.Context, presented, remoteAddr string) (Principal, error) {
	if presented == "" {
		return Principal{}, ErrMissingKey
	}
	from := Network(remoteAddr)
	key, err := ParseKey(presented)
	if err != nil {
		return Principal{}, v.gate.fail("", from)
	}
	known, found := v.keys[key.ID]
	if !found {
		return Principal{}, v.gate.fail("", from)
	}
	digest := v.gate.digest(known.Hash, presented)
	if v.gate.isConfirmed(key.ID, digest) {
		return principalOf(known), nil
	}
	if err := v.gate.admit(key.ID, from); err != nil {
		return Principal{}, err
	}
	if err := v.gate.prove(ctx, key, known.Hash, digest, from); err != nil {
		return Principal{}, err
	}
	return principalOf(known), nil
}

func principalOf(key tenantconfig.APIKey) Principal {
	scopes := make([]Scope, len(key.Scopes))
	for i, scope := range key.Scopes {
		scopes[i] = Scope(scope)
	}
	return Principal{KeyID: key.ID, Name: key.Name, Scopes: scopes}
}

// digest covers the stored hash too: a key re-issued under its old id must be proved again.
func (g *Gate) digest(hash, presented string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, g.secret[:])
	mac.Write([]byte(strconv.Itoa(len(hash)) + ":" + hash + presented))
	return [sha256.Size]byte(mac.Sum(nil))
}

func (g *Gate) isConfirmed(id string, digest [sha256.Size]byte) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	confirmed, found := g.confirmed[id]
	return found && hmac.Equal(confirmed[:], digest[:])
}

// admit refuses who has failed too often, by key and by network.
func (g *Gate) admit(id, from string) error {
	now := g.now()
	if wait := max(g.keys.wait(id, now), g.networks.wait(from, now)); wait > 0 {
		return &LimitedError{RetryAfter: wait}
	}
	return nil
}

// fail records a failed attempt. An id that no key has is not counted by key: it costs no bcrypt.
func (g *Gate) fail(id, from string) error {
	now := g.now()
	if wait := g.networks.wait(from, now); wait > 0 {
		return &LimitedError{RetryAfter: wait}
	}
	g.networks.spend(from, now)
	if id != "" {
		g.keys.spend(id, now)
	}
	return ErrInvalidKey
}

// prove runs bcrypt, once for any number of concurrent requests with the same key.
func (g *Gate) prove(ctx context.Context, key Key, hash string, digest [sha256.Size]byte, from string) error {
	result := g.inFlight.DoChan(string(digest[:]), func() (any, error) {
		g.bcrypts <- struct{}{}
		defer func() { <-g.bcrypts }()
		// Asked again: others may have failed while this one waited for its turn.
		if err := g.admit(key.ID, from); err != nil {
			return nil, err
		}
		if g.compare([]byte(hash), []byte(key.Reveal())) != nil {
			return nil, g.fail(key.ID, from)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.confirmed[key.ID] = digest
		return nil, nil
	})
	select {
	case outcome := <-result:
		return outcome.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SessionSecret returns a secret for sessions that need not outlive the process.
func (g *Gate) SessionSecret() []byte {
	mac := hmac.New(sha256.New, g.secret[:])
	mac.Write([]byte("sessions"))
	return mac.Sum(nil)
}
