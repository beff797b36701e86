package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
)

// keyTests are the contract of auth.KeyStore.
var keyTests = map[string]func(*keyFixture){
	"KeepsEveryField":        testKeyKeepsEveryField,
	"RevokedForGood":         testKeyRevokedForGood,
	"Rotation":               testKeyRotation,
	"RecordsUse":             testKeyRecordsUse,
	"UnknownKeys":            testUnknownKeys,
	"TellsOfChanges":         testKeyTellsOfChanges,
	"RacingRotationsAndEnds": testKeyRace,
}

// RunKeys holds an engine to the contract of auth.KeyStore.
func RunKeys(t *testing.T, engine Engine) {
	for name, test := range keyTests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location := engine.New(t)
			f := &fixture{T: t, engine: engine, location: location, Store: open(t, engine, location)}
			keys, ok := f.Store.(auth.KeyStore)
			if !ok {
				t.Fatalf("%T is no auth.KeyStore", f.Store)
			}
			test(&keyFixture{fixture: f, keys: keys})
		})
	}
}

type keyFixture struct {
	*fixture
	keys auth.KeyStore
}

func (f *keyFixture) mustCreate(id string) auth.StoredKey {
	f.Helper()
	key, err := f.keys.CreateKey(f.Context(), auth.StoredKey{
		ID: id, Hash: "hash of " + id, Name: "for " + id, Scopes: []auth.Scope{auth.ScopeBookingsRead}, CreatedBy: "key:owner",
	})
	if err != nil {
		f.Fatalf("CreateKey: %v", err)
	}
	return key
}

func (f *keyFixture) sameKey(got, want auth.StoredKey) {
	f.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateApproxTime(time.Microsecond)); diff != "" {
		f.Errorf("key differs (-want +got):\n%s", diff)
	}
}

func testKeyKeepsEveryField(f *keyFixture) {
	before := f.now()
	wanted := auth.StoredKey{
		ID: "abcdef", Hash: "$2a$…", Name: "Ünïcode'; DROP TABLE api_keys; --", Scopes: []auth.Scope{auth.ScopeBookingsWrite, auth.ScopeBookingsRead},
		CreatedBy: "key:owner", ExpiresAt: at(9, 0),
	}
	made, err := f.keys.CreateKey(f.Context(), wanted)
	if err != nil {
		f.Fatal(err)
	}
	if made.CreatedAt.Before(before) || made.CreatedAt.After(f.now()) || !isUTC(made.CreatedAt) || !isUTC(made.ExpiresAt) {
		f.Errorf("created at %v, expires at %v", made.CreatedAt, made.ExpiresAt)
	}
	wanted.CreatedAt = made.CreatedAt
	f.sameKey(made, wanted)
	read, err := f.keys.Key(f.Context(), "abcdef")
	if err != nil {
		f.Fatal(err)
	}
	f.sameKey(read, wanted)
	if _, err := f.keys.CreateKey(f.Context(), wanted); err == nil {
		f.Error("a second key of the same id is kept")
	}
	other := f.mustCreate("aaaaaa")
	list, err := f.keys.Keys(f.Context())
	if err != nil || len(list) != 2 {
		f.Fatalf("%d keys, %v", len(list), err)
	}
	// Both may be of one moment; then the id decides.
	if slices.IndexFunc(list, func(k auth.StoredKey) bool { return k.ID == "abcdef" }) == 1 && !other.CreatedAt.Equal(made.CreatedAt) {
		f.Error("the list is not in the order of creation")
	}
}

func testKeyRevokedForGood(f *keyFixture) {
	f.mustCreate("abcdef")
	first, err := f.keys.RevokeKey(f.Context(), "abcdef")
	if err != nil || first.RevokedAt.IsZero() {
		f.Fatalf("RevokeKey = %v, %v", first.RevokedAt, err)
	}
	second, err := f.keys.RevokeKey(f.Context(), "abcdef")
	if err != nil {
		f.Fatal(err)
	}
	f.sameKey(second, first)
	if _, err := f.keys.RotateKey(f.Context(), "abcdef", "another", at(9, 0)); !errors.Is(err, auth.ErrKeyRevoked) {
		f.Errorf("RotateKey of a revoked key: %v; want ErrKeyRevoked", err)
	}
	read, err := f.keys.Key(f.Context(), "abcdef")
	if err != nil {
		f.Fatal(err)
	}
	f.sameKey(read, first)
}

func testKeyRotation(f *keyFixture) {
	made := f.mustCreate("abcdef")
	for i, hash := range []string{"second", "third"} {
		before := made.Hash
		rotated, err := f.keys.RotateKey(f.Context(), "abcdef", hash, at(9, i))
		if err != nil {
			f.Fatal(err)
		}
		made.Hash, made.PreviousHash, made.PreviousUntil = hash, before, at(9, i)
		f.sameKey(rotated, made)
	}
}

func testKeyRecordsUse(f *keyFixture) {
	one, two := f.mustCreate("oneone"), f.mustCreate("twotwo")
	for _, used := range []map[string]time.Time{
		{"oneone": at(9, 0), "absent": at(9, 0)},
		{"oneone": at(8, 0), "twotwo": at(10, 0)}, // an earlier one comes late, from another replica
		{},
	} {
		if err := f.keys.KeysUsed(f.Context(), used); err != nil {
			f.Fatal(err)
		}
	}
	one.LastUsedAt, two.LastUsedAt = at(9, 0), at(10, 0)
	for _, want := range []auth.StoredKey{one, two} {
		got, err := f.keys.Key(f.Context(), want.ID)
		if err != nil {
			f.Fatal(err)
		}
		f.sameKey(got, want)
	}
}

func testUnknownKeys(f *keyFixture) {
	if _, err := f.keys.Key(f.Context(), "absent"); !errors.Is(err, auth.ErrKeyNotFound) {
		f.Errorf("Key: %v", err)
	}
	if _, err := f.keys.RevokeKey(f.Context(), "absent"); !errors.Is(err, auth.ErrKeyNotFound) {
		f.Errorf("RevokeKey: %v", err)
	}
	if _, err := f.keys.RotateKey(f.Context(), "absent", "x", at(9, 0)); !errors.Is(err, auth.ErrKeyNotFound) {
		f.Errorf("RotateKey: %v", err)
	}
	if list, err := f.keys.Keys(f.Context()); err != nil || len(list) != 0 {
		f.Errorf("Keys = %v, %v", list, err)
	}
}

func testKeyTellsOfChanges(f *keyFixture) {
	ctx, cancel := context.WithCancel(f.Context())
	defer cancel()
	states := f.keys.WatchKeys(ctx)
	next := func(after string) {
		f.Helper()
		select {
		case state, open := <-states:
			if !open || !state.Hearing {
				f.Fatalf("after %s: open %v, %+v", after, open, state)
			}
		case <-time.After(time.Minute):
			f.Fatalf("nothing is told after %s", after)
		}
	}
	next("the beginning")
	f.mustCreate("abcdef")
	next("a creation")
	if _, err := f.keys.RotateKey(ctx, "abcdef", "another", at(9, 0)); err != nil {
		f.Fatal(err)
	}
	next("a rotation")
	if _, err := f.keys.RevokeKey(ctx, "abcdef"); err != nil {
		f.Fatal(err)
	}
	next("a revocation")
	cancel()
	f.until("the channel closes", func() bool {
		select {
		case _, open := <-states:
			return !open
		default:
			return false
		}
	})
}

func testKeyRace(f *keyFixture) {
	f.mustCreate("abcdef")
	race(16, func(i int) {
		var err error
		switch i % 4 {
		case 0:
			_, err = f.keys.RevokeKey(f.Context(), "abcdef")
		case 1:
			err = f.keys.KeysUsed(f.Context(), map[string]time.Time{"abcdef": at(9, i), "absent": at(9, i)})
		default:
			_, err = f.keys.RotateKey(f.Context(), "abcdef", "another", at(9, 0))
		}
		if err != nil && !errors.Is(err, auth.ErrKeyRevoked) {
			f.Error(err)
		}
	})
	key, err := f.keys.Key(f.Context(), "abcdef")
	if err != nil || key.RevokedAt.IsZero() || !key.LastUsedAt.Equal(at(9, 13)) {
		f.Errorf("%+v, %v", key, err)
	}
}
