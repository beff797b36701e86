package tenant

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
	"github.com/frontdesk-dev/frontdesk/internal/ratelimit"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// Tenant is one revision being served. It is immutable.
type Tenant struct {
	// Revision is the digest of the configuration this was made from.
	Revision string
	Document *tenantconfig.Document
	// Location is the tenant's time zone.
	Location *time.Location
	Bookings *booking.Service
	// Leads is nil when the store keeps no people.
	Leads    *lead.Service
	Keys     *auth.Verifier
	Sessions *auth.Sessions
	Store    *Store
	// Shown is what is taken, as answers show it that are kept in the Cache.
	Shown booking.Taken
	// Cache holds answers that are only shown, never what decides something. It outlives revisions.
	Cache  *cache.Cache
	Limits *Limits
	// StatusToken is the bearer token of the internal status endpoint; empty when none is configured.
	StatusToken string
}

// Limits say how many requests the tenant takes.
type Limits struct {
	ratelimit.Limiter
	// Quota holds for each API key, and for each address that sends requests without a valid one.
	Quota ratelimit.Quota
	// Counted is how many keys and addresses this process counts for now.
	Counted func() int
}

// Store is a store together with who uses it.
type Store struct {
	booking.Store
	// Keys are the API keys in the database; nil when the store keeps none.
	Keys *auth.KeyRing
	// People is nil when the store keeps none, which only stores of tests do.
	People lead.Store
	// Usage counts the connections that there may be, that are in use and that are idle; nil when the store does not tell.
	Usage  func() (maximum, active, idle int)
	users  sync.WaitGroup
	checks singleflight.Group
}

// Connections counts a store's connections to its database in this process.
type Connections struct{ Max, Active, Idle int }

// Connections counts the store's connections; all zero for a store that does not tell.
func (s *Store) Connections() Connections {
	if s.Usage == nil {
		return Connections{}
	}
	maximum, active, idle := s.Usage()
	return Connections{Max: maximum, Active: active, Idle: idle}
}

// NewStore wraps an open store.
func NewStore(store booking.Store) *Store { return &Store{Store: store} }

// checkTimeout bounds a health check: a database that takes longer does not serve bookings either.
const checkTimeout = 2 * time.Second

// Check asks the database whether it answers, in at most two seconds. Callers that ask at the same moment
// share one question; an answer is never kept for later.
func (s *Store) Check(ctx context.Context) error {
	result := s.checks.DoChan("", func() (any, error) {
		// Not the first caller's context: his leaving must not fail the others.
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
		defer cancel()
		return nil, s.Ping(limited)
	})
	select {
	case outcome := <-result:
		return outcome.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Retire closes the store once every user has let go of it. It must be called after the Holder has
// moved to another store.
func (s *Store) Retire() error {
	s.users.Wait()
	if s.Keys != nil {
		s.Keys.Stop()
	}
	return s.Close()
}

// Holder holds the Tenant that new requests get. The zero value holds none.
type Holder struct {
	mu      sync.RWMutex
	current *Tenant
}

// Acquire returns the current Tenant and what to call when done with it. The Tenant is nil when there is
// none yet, or none any more.
func (h *Holder) Acquire() (*Tenant, func()) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.current == nil {
		return nil, func() {}
	}
	// Under the lock, so that it happens before the Wait of whoever replaces this Tenant.
	h.current.Store.users.Add(1)
	return h.current, h.current.Store.users.Done
}

// Current returns the current Tenant for a look that does not use its store; nil when there is none.
func (h *Holder) Current() *Tenant {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.current
}

// Swap makes next the current Tenant (nil: none) and returns the one before.
func (h *Holder) Swap(next *Tenant) *Tenant {
	h.mu.Lock()
	defer h.mu.Unlock()
	previous := h.current
	h.current = next
	return previous
}

// Bind gives each request the Tenant that is current when it begins, and keeps that one's store open until
// the request has ended. Without one, otherwise answers.
func (h *Holder) Bind(otherwise http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			current, release := h.Acquire()
			defer release()
			if current == nil {
				otherwise(w, r)
				return
			}
			next.ServeHTTP(w, r.WithContext(WithTenant(r.Context(), current)))
		})
	}
}

type contextKey struct{}

// WithTenant returns a context that carries the request's Tenant.
func WithTenant(ctx context.Context, t *Tenant) context.Context {
	return context.WithValue(ctx, contextKey{}, t)
}

// FromContext returns the request's Tenant; nil on a route that is not behind Holder.Bind.
func FromContext(ctx context.Context) *Tenant {
	current, _ := ctx.Value(contextKey{}).(*Tenant)
	return current
}
