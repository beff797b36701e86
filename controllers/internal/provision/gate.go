package provision

import (
	"context"
	"sync"
	"time"
)

// gate bounds the work on one server, and keeps everybody off one that is away until it is time to look again.
type gate struct {
	places chan struct{}

	mu       sync.Mutex
	failures int
	until    time.Time
	problem  *Problem
}

// enter takes a place, or says why nobody should try now. Without a place and without a problem ctx has ended. After
// entered, leave must be called.
func (g *gate) enter(ctx context.Context) (entered bool, problem *Problem) {
	select {
	case g.places <- struct{}{}:
	case <-ctx.Done():
		return false, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.problem != nil && time.Now().Before(g.until) {
		<-g.places
		return false, g.problem
	}
	return true, nil
}

// leave gives the place back and takes note of how the server was found.
func (g *gate) leave(problem *Problem) {
	<-g.places
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	switch {
	case problem == nil || !problem.away():
		g.failures, g.problem = 0, nil
	case g.problem == nil || now.After(g.until): // those who entered together count once
		wait := min(minRetry<<min(g.failures, 10), maxRetry)
		g.failures++
		g.problem, g.until = problem, now.Add(jittered(wait))
	}
}
