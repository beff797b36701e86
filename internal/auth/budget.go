package auth

import (
	"math"
	"net/netip"
	"sync"
	"time"
)

// budget is a bucket of allowed failures that refills with time.
type budget struct {
	left float64
	seen time.Time
}

// budgets holds one bucket per subject (a key id or a network). Only failures spend: unlike a rate
// limiter it never slows a caller that is right.
type budgets struct {
	size   float64
	refill time.Duration // for one failure
	limit  int           // of remembered subjects

	mu       sync.Mutex
	subjects map[string]budget
}

func newBudgets(size int, refill time.Duration, limit int) *budgets {
	return &budgets{size: float64(size), refill: refill, limit: limit, subjects: map[string]budget{}}
}

func (b *budgets) current(subject string, now time.Time) float64 {
	entry, found := b.subjects[subject]
	if !found {
		return b.size
	}
	return math.Min(b.size, entry.left+float64(now.Sub(entry.seen))/float64(b.refill))
}

// wait returns how long the subject must wait before it may try again; 0 means now.
func (b *budgets) wait(subject string, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.current(subject, now)
	if left >= 1 {
		return 0
	}
	return time.Duration((1 - left) * float64(b.refill))
}

// spend records one failure.
func (b *budgets) spend(subject string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := math.Max(0, b.current(subject, now)-1)
	if len(b.subjects) >= b.limit {
		b.forget(now)
	}
	b.subjects[subject] = budget{left: left, seen: now}
}

// forget drops the subjects that have recovered and, if none has, all of them: memory stays bounded
// under an attack from ever new addresses, which a limit by address cannot stop anyway.
func (b *budgets) forget(now time.Time) {
	for subject := range b.subjects {
		if b.current(subject, now) >= b.size {
			delete(b.subjects, subject)
		}
	}
	if len(b.subjects) >= b.limit {
		clear(b.subjects)
	}
}

// Network is what an address is limited by: an IPv4 address, or an IPv6 /64, which one subscriber owns.
// A remote address that cannot be read shares one bucket.
func Network(remoteAddr string) string {
	addrPort, err := netip.ParseAddrPort(remoteAddr)
	if err != nil {
		return "unknown"
	}
	addr := addrPort.Addr().Unmap()
	if addr.Is4() {
		return addr.String()
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil {
		return "unknown"
	}
	return prefix.String()
}
