package server

import (
	"context"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/observe"
)

// handOnInterval is how long the next in line waits at most for the time of a lapsed hold when nobody reads what is free.
const handOnInterval = 5 * time.Second

// handOn offers the time of lapsed holds to those who wait for it, now and then, until ctx ends.
func (s *Server) handOn(ctx context.Context) {
	ticker := time.NewTicker(handOnInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.handOnOnce(ctx)
		}
	}
}

func (s *Server) handOnOnce(ctx context.Context) {
	current, release := s.holder.Acquire()
	defer release()
	if current == nil {
		return
	}
	limited, cancel := context.WithTimeout(ctx, handOnInterval)
	defer cancel()
	offers, err := current.Bookings.HandOn(limited)
	if ctx.Err() == nil {
		s.metrics.BackgroundRun(observe.WorkWaitlist, s.options.Clock(), err)
	}
	switch {
	case err != nil && ctx.Err() == nil:
		s.options.Logger.WarnContext(ctx, "lapsed holds were not offered to those who wait; it is tried again", "error", err)
	case offers > 0:
		s.options.Logger.InfoContext(ctx, "lapsed holds were offered to those who wait", "offers", offers)
	}
}
