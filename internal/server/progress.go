package server

import (
	"sync"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// progress is what has become of the revisions seen, for those who wait for one.
type progress struct {
	mu      sync.Mutex
	state   state
	changed chan struct{} // closed and replaced at each change
}

// state is one moment of a progress.
type state struct {
	// served is the revision in effect; empty before the first.
	served string
	// refused is the newest revision, if that is not served.
	refused *tenantconfig.Refusal
	// refusedToken is the status token that the refused revision brings: the operator knows no other by then.
	refusedToken  string
	schemaVersion int64
}

func newProgress() *progress { return &progress{changed: make(chan struct{})} }

// get returns the present state, and a channel that closes when there is another.
func (p *progress) get() (state, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.changed
}

func (p *progress) set(change func(*state)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.state)
	close(p.changed)
	p.changed = make(chan struct{})
}

// settled says whether nothing more is to be waited for: the revision is served or refused.
func (s state) settled(revision string) bool {
	return revision == s.served || s.refused != nil && s.refused.Revision == revision
}
