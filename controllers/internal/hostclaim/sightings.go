package hostclaim

import (
	"context"
	"sync"

	coordinationv1 "k8s.io/api/coordination/v1"
)

// sightings are the claims that the API server itself has shown to this process, each by the resourceVersion that it
// had then. What the cache shows is believed only of those: without this a cache that lags would show a tenant as the
// holder of a host that it has given up, and that is another's by now. To look at each claim in the API server in every
// pass would be as good, and cost a request a pass.
type sightings struct {
	mu       sync.Mutex
	surveyed bool
	versions map[string]string
	// drops counts how often something was dropped.
	drops int
}

// survey notes all claims that there are, once.
func (s *sightings) survey(ctx context.Context, list func(context.Context) ([]coordinationv1.Lease, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.surveyed {
		return nil
	}
	claims, err := list(ctx)
	if err != nil {
		return err
	}
	s.surveyed, s.versions = true, make(map[string]string, len(claims))
	for _, claim := range claims {
		s.versions[claim.Name] = claim.ResourceVersion
	}
	return nil
}

// now is what add needs to know about the moment at which a request was begun.
func (s *sightings) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.drops
}

// add notes a claim that an answer of the API server holds. If any was dropped since the request was begun it may have
// been this one, and the next look is another request.
func (s *sightings) add(claim *coordinationv1.Lease, begun int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.surveyed && s.drops == begun {
		s.versions[claim.Name] = claim.ResourceVersion
	}
}

// drop forgets a claim that is about to be given up.
func (s *sightings) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drops++
	delete(s.versions, name)
}

func (s *sightings) knows(claim *coordinationv1.Lease) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.versions[claim.Name] == claim.ResourceVersion
}
