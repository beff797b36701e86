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
	"strings"
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
	confirmed map[string][sha256.Size]byte // by stored hash: one valid secret has it, and only administrators make more
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

// Verifier knows the keys of one revision and, through a KeyRing, those in the database. It is immutable once it
// is in use.
type Verifier struct {
	gate *Gate
	keys map[string]StoredKey
	ring *KeyRing // nil without one
}

// NewVerifier returns a verifier of the given keys that shares the gate's memory.
func NewVerifier(gate *Gate, keys []tenantconfig.APIKey) *Verifier {
	verifier := &Verifier{gate: gate, keys: make(map[string]StoredKey, len(keys))}
	for _, key := range keys {
		verifier.keys[key.ID] = configuredKey(key)
	}
	return verifier
}

func configuredKey(key tenantconfig.APIKey) StoredKey {
	scopes := make([]Scope, len(key.Scopes))
	for i, scope := range key.Scopes {
		scopes[i] = Scope(scope)
	}
	return StoredKey{ID: key.ID, Hash: key.Hash, Name: key.Name, Scopes: scopes}
}

// Include makes the verifier know the ring's keys too; nil is none. It must be called before the verifier is used.
func (v *Verifier) Include(ring *KeyRing) { v.ring = ring }

// Verify says who presents the text as an API key from the remote address (host:port). The document's keys are
// tried before the database's. Errors: ErrMissingKey, ErrInvalidKey, *LimitedError, the database's, or the context's.
func (v *Verifier) Verify(ctx context.Context, presented, remoteAddr string) (Principal, error) {
	if presented == "" {
		return Principal{}, ErrMissingKey
	}
	from := Network(remoteAddr)
	key, err := ParseKey(presented)
	if err != nil {
		return Principal{}, v.gate.fail("", from)
	}
	known, err := v.lookUp(ctx, key.ID, from)
	if err != nil {
		return Principal{}, err
	}
	hashes := known.hashes(v.gate.now())
	if len(hashes) == 0 {
		return Principal{}, v.gate.fail("", from)
	}
	for _, hash := range hashes {
		if v.gate.isConfirmed(hash, v.gate.digest(hash, presented)) {
			return v.granted(known, hash), nil
		}
	}
	if err := v.gate.admit(key.ID, from); err != nil {
		return Principal{}, err
	}
	hash, err := v.gate.prove(ctx, key, hashes, from)
	if err != nil {
		return Principal{}, err
	}
	return v.granted(known, hash), nil
}

// lookUp returns a key by its id. Who guesses ids is limited before the database is asked.
func (v *Verifier) lookUp(ctx context.Context, id, from string) (StoredKey, error) {
	if known, found := v.keys[id]; found {
		return known, nil
	}
	if v.ring == nil {
		return StoredKey{}, v.gate.fail("", from)
	}
	if key, found := v.ring.remembered(id); found {
		return key, nil
	}
	if wait := v.gate.networks.wait(from, v.gate.now()); wait > 0 {
		return StoredKey{}, &LimitedError{RetryAfter: wait}
	}
	known, err := v.ring.find(ctx, id)
	if errors.Is(err, ErrKeyNotFound) {
		return StoredKey{}, v.gate.fail("", from)
	}
	return known, err
}

// session returns the key that a session was made with. Sessions with a wrong signature are not counted as
// failures: they cost no bcrypt.
func (v *Verifier) session(ctx context.Context, id string) (StoredKey, error) {
	if known, found := v.keys[id]; found {
		return known, nil
	}
	if v.ring == nil || !isID(id) {
		return StoredKey{}, ErrKeyNotFound
	}
	if key, found := v.ring.remembered(id); found {
		return key, nil
	}
	return v.ring.find(ctx, id)
}

// granted is who a key that was proved belongs to.
func (v *Verifier) granted(key StoredKey, hash string) Principal {
	if _, configured := v.keys[key.ID]; !configured {
		v.ring.noteUse(key)
	}
	return principalOf(key, hash)
}

func principalOf(key StoredKey, hash string) Principal {
	return Principal{KeyID: key.ID, Name: key.Name, Scopes: key.Scopes, proof: hash}
}

// digest covers the stored hash too: a key re-issued under its old id must be proved again.
func (g *Gate) digest(hash, presented string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, g.secret[:])
	mac.Write([]byte(strconv.Itoa(len(hash)) + ":" + hash + presented))
	return [sha256.Size]byte(mac.Sum(nil))
}

func (g *Gate) isConfirmed(hash string, digest [sha256.Size]byte) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	confirmed, found := g.confirmed[hash]
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

// prove returns which of the hashes the key has. It runs bcrypt once for any number of concurrent requests with
// the same key.
func (g *Gate) prove(ctx context.Context, key Key, hashes []string, from string) (string, error) {
	whole := g.digest(strings.Join(hashes, " "), key.Reveal())
	result := g.inFlight.DoChan(string(whole[:]), func() (any, error) {
		g.bcrypts <- struct{}{}
		defer func() { <-g.bcrypts }()
		// Asked again: others may have failed while this one waited for its turn.
		if err := g.admit(key.ID, from); err != nil {
			return "", err
		}
		for _, hash := range hashes {
			if g.compare([]byte(hash), []byte(key.Reveal())) == nil {
				g.confirm(hash, g.digest(hash, key.Reveal()))
				return hash, nil
			}
		}
		return "", g.fail(key.ID, from)
	})
	select {
	case outcome := <-result:
		hash, _ := outcome.Val.(string)
		return hash, outcome.Err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (g *Gate) confirm(hash string, digest [sha256.Size]byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.confirmed[hash] = digest
}

// SessionSecret returns a secret for sessions that need not outlive the process.
func (g *Gate) SessionSecret() []byte {
	mac := hmac.New(sha256.New, g.secret[:])
	mac.Write([]byte("sessions"))
	return mac.Sum(nil)
}
