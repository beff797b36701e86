package auth

import "time"

const (
	// longLived is how long a key must have been made for that its end is worth a word: one that is made for a job, or
	// for an afternoon, is meant to end.
	longLived = 30 * 24 * time.Hour
	// inUse is how long a key counts as used.
	inUse = 24 * time.Hour
)

// ending is a key that will end, and when it was used last.
type ending struct{ at, used time.Time }

// Ending returns when keys end, by id, that were made for 30 days or longer and that this process has let in within the last
// day. Whoever uses them is refused from then on. One that has ended stays for that day.
func (r *KeyRing) Ending() map[string]time.Time {
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	ends := make(map[string]time.Time, len(r.ending))
	for id, key := range r.ending {
		if now.Sub(key.used) > inUse {
			delete(r.ending, id)
			continue
		}
		ends[id] = key.at
	}
	return ends
}

// noteUse remembers that a key was used now, to be written later.
func (r *KeyRing) noteUse(key StoredKey) {
	now := r.clock()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used[key.ID] = now
	if !key.ExpiresAt.IsZero() && key.ExpiresAt.Sub(key.CreatedAt) >= longLived {
		r.ending[key.ID] = ending{at: key.ExpiresAt, used: now}
	}
}
