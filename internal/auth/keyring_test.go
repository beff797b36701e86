package auth

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// scripted is a KeyStore with one key, whose announcements are in the test's hands. The methods that it leaves out
// are not called.
type scripted struct {
	KeyStore
	states chan KeyState

	mu      sync.Mutex
	key     StoredKey
	reads   int
	writes  []map[string]time.Time
	failing error
	during  func() // called while a read is under way, after it has seen the key
}

func (s *scripted) WatchKeys(ctx context.Context) <-chan KeyState {
	context.AfterFunc(ctx, func() { close(s.states) })
	return s.states
}

func (s *scripted) Key(_ context.Context, id string) (StoredKey, error) {
	s.mu.Lock()
	s.reads++
	key, during := s.key, s.during
	s.mu.Unlock()
	if during != nil {
		during()
	}
	if id != key.ID {
		return StoredKey{}, ErrKeyNotFound
	}
	return key, nil
}

func (s *scripted) KeysUsed(_ context.Context, at map[string]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return s.failing
	}
	s.writes = append(s.writes, at)
	return nil
}

func (s *scripted) set(change func(*scripted)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// ringed is a verifier of one stored key. Say hands the ring a state and returns when it has heard it.
func ringed(t *testing.T, every time.Duration) (v *Verifier, store *scripted, key Key, ring *KeyRing, say func(hearing bool)) {
	t.Helper()
	gate, now, _ := counting(t)
	key, configured := generate(t)
	store = &scripted{
		states: make(chan KeyState),
		key:    StoredKey{ID: key.ID, Hash: configured.Hash, Scopes: []Scope{ScopeBookingsRead}},
	}
	ring = newKeyRing(t.Context(), store, func() time.Time { return *now }, slog.New(slog.DiscardHandler), every)
	t.Cleanup(ring.Stop)
	v = NewVerifier(gate, nil)
	v.Include(ring)
	return v, store, key, ring, func(hearing bool) {
		before := ring.generationNow()
		store.states <- KeyState{Hearing: hearing}
		for deadline := time.Now().Add(time.Minute); ring.generationNow() == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the ring does not hear")
			}
		}
	}
}

func (r *KeyRing) generationNow() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.generation
}

func TestKeysAreRememberedOnlyWhileChangesAreHeard(t *testing.T) {
	t.Parallel()
	v, store, key, _, say := ringed(t, time.Hour)
	reads := func(want int, when string) {
		t.Helper()
		for range 3 {
			if _, err := v.Verify(t.Context(), key.Reveal(), home); err != nil {
				t.Fatal(err)
			}
		}
		store.mu.Lock()
		defer store.mu.Unlock()
		if store.reads != want {
			t.Errorf("%s: the database was read %d times, want %d", when, store.reads, want)
		}
		store.reads = 0
	}
	reads(3, "before listening has begun")
	say(true)
	reads(1, "while listening")
	reads(0, "still")
	say(true)
	reads(1, "after a change")
	say(false)
	reads(3, "while nothing is heard")
}

func TestARevocationDuringTheReadIsNotMissed(t *testing.T) {
	t.Parallel()
	v, store, key, _, say := ringed(t, time.Hour)
	say(true)
	revoke := sync.OnceFunc(func() {
		store.set(func(s *scripted) { s.key.RevokedAt = time.Unix(1, 0) })
		say(true)
	})
	store.set(func(s *scripted) { s.during = revoke })
	if _, err := v.Verify(t.Context(), key.Reveal(), home); err != nil {
		t.Fatalf("the request that began before the revocation: %v", err)
	}
	if _, err := v.Verify(t.Context(), key.Reveal(), home); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("the request after it: %v", err)
	}
}

func TestUsesAreWrittenLaterAndKeptWhenThatFails(t *testing.T) {
	t.Parallel()
	v, store, key, ring, _ := ringed(t, time.Hour)
	for range 5 {
		if _, err := v.Verify(t.Context(), key.Reveal(), home); err != nil {
			t.Fatal(err)
		}
	}
	if len(store.writes) != 0 {
		t.Error("a use is written while the request waits")
	}
	store.set(func(s *scripted) { s.failing = errors.New("no database") })
	ring.writeUses(t.Context())
	store.set(func(s *scripted) { s.failing = nil })
	ring.writeUses(t.Context())
	ring.writeUses(t.Context())
	if len(store.writes) != 1 || store.writes[0][key.ID].IsZero() {
		t.Errorf("writes: %v; want one", store.writes)
	}
}

func TestSessionsOfStoredKeysEndWithTheirSecret(t *testing.T) {
	t.Parallel()
	v, store, key, _, _ := ringed(t, time.Hour)
	sessions, err := NewSessions([]byte("0123456789abcdef"), v)
	if err != nil {
		t.Fatal(err)
	}
	principal, err := v.Verify(t.Context(), key.Reveal(), home)
	if err != nil {
		t.Fatal(err)
	}
	now := v.gate.now()
	cookie := sessions.Issue(principal, now, true)
	signedIn := func() error {
		r := request(cookie)
		_, err := sessions.Authenticate(r, now)
		return err
	}
	if err := signedIn(); err != nil {
		t.Errorf("a session of a stored key: %v", err)
	}
	other, err := key.Hash(bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	store.set(func(s *scripted) {
		s.key.PreviousHash, s.key.PreviousUntil, s.key.Hash = s.key.Hash, now.Add(time.Hour), other
	})
	if err := signedIn(); err != nil {
		t.Errorf("during the overlap of a rotation: %v", err)
	}
	store.set(func(s *scripted) { s.key.PreviousUntil = now })
	if err := signedIn(); !errors.Is(err, ErrNoSession) {
		t.Errorf("after it: %v", err)
	}
}

func TestOnlyLongLivedKeysInUseAreSaidToEnd(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for name, test := range map[string]struct {
		lives, idle time.Duration
		want        bool
	}{
		"made for a year":                        {365 * day, 0, true},
		"made for a year, not used for two days": {365 * day, 2 * day, false},
		"made for a job":                         {day, 0, false},
		"never ends":                             {0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gate, now, _ := counting(t)
			key, configured := generate(t)
			stored := StoredKey{ID: key.ID, Hash: configured.Hash, Scopes: []Scope{ScopeBookingsRead}, CreatedAt: *now}
			if test.lives != 0 {
				stored.ExpiresAt = now.Add(test.lives)
			}
			ring := newKeyRing(t.Context(), &scripted{states: make(chan KeyState), key: stored}, func() time.Time { return *now }, slog.New(slog.DiscardHandler), time.Hour)
			t.Cleanup(ring.Stop)
			v := NewVerifier(gate, nil)
			v.Include(ring)
			if ends := ring.Ending(); len(ends) != 0 {
				t.Errorf("before it is used: %v", ends)
			}
			if _, err := v.Verify(t.Context(), key.Reveal(), home); err != nil {
				t.Fatal(err)
			}
			*now = now.Add(test.idle)
			if at, found := ring.Ending()[key.ID]; found != test.want || found && !at.Equal(stored.ExpiresAt) {
				t.Errorf("said to end: %v, at %v; want %v, at %v", found, at, test.want, stored.ExpiresAt)
			}
		})
	}
}
