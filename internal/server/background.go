package server

import "github.com/frontdesk-dev/frontdesk/internal/observe"

// measureBackground announces the work that nobody asks for. It counts as done when the server starts, so that one that
// never gets done is noticed too.
func (s *Server) measureBackground() {
	for _, work := range []string{observe.WorkWaitlist, observe.WorkHousekeeping} {
		s.metrics.BackgroundExpected(work, s.started)
	}
}

// housekept hears of each pass of a store's housekeeping.
func (s *Server) housekept(removed int, err error) {
	s.metrics.BackgroundRun(observe.WorkHousekeeping, s.options.Clock(), err)
	s.metrics.Housekept(removed)
}
