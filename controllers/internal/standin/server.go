package standin

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// longPoll is shorter than a real server's, so that tests end soon.
const longPoll = 2 * time.Second

// server is what runs in one pod.
type server struct {
	mu      sync.Mutex
	changed chan struct{}
	status  tenantconfig.Status
	token   string
}

// newServer is of the release that the tag of its image names, and reads these versions of the document.
func newServer(image string, versions []string) *server {
	return &server{
		changed: make(chan struct{}),
		status: tenantconfig.Status{
			Version: image[strings.LastIndex(image, ":")+1:], DocumentVersions: versions, StartTime: time.Now().UTC().Truncate(time.Second),
			Database: tenantconfig.DatabaseStatus{SchemaVersion: 7, Reachable: true},
		},
	}
}

// update changes what the server says, and wakes those who wait for it.
func (s *server) update(change func(*tenantconfig.Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
	close(s.changed)
	s.changed = make(chan struct{})
}

// load does what a server does when its folder changed: take the bundle if it is good, else say why not.
func (s *server) load(bundle tenantconfig.Bundle) {
	revision := bundle.Revision()
	doc, err := bundle.Document()
	s.update(func(status *tenantconfig.Status) {
		if err != nil {
			status.Refused = &tenantconfig.Refusal{Revision: revision, Message: err.Error()}
			return
		}
		status.Revision, status.Refused, status.Database.Engine = revision, nil, doc.Database.Engine
		s.token = string(bundle[string(doc.Access.StatusTokenKey)])
	})
}

func (s *server) answer(r *http.Request) (tenantconfig.Status, bool) {
	deadline := time.After(longPoll)
	until := r.URL.Query().Get("until")
	for {
		s.mu.Lock()
		status, changed, token := s.status, s.changed, s.token
		s.mu.Unlock()
		if r.Header.Get("Authorization") != "Bearer "+token {
			return status, false
		}
		if until == "" || status.Revision == until || (status.Refused != nil && status.Refused.Revision == until) {
			return status, true
		}
		select {
		case <-changed:
		case <-deadline:
			return status, true
		case <-r.Context().Done():
			return status, true
		}
	}
}

// network routes requests for pod addresses to their servers.
type network struct {
	http *httptest.Server

	mu      sync.Mutex
	servers map[string]*server // by pod IP
	// versions of the document that new servers read.
	versions []string
}

func newNetwork() *network {
	n := &network{servers: map[string]*server{}, versions: tenantconfig.Versions}
	n.http = httptest.NewServer(n)
	return n
}

// ServeHTTP answers for the pod that the request was meant for.
func (n *network) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ip, _, _ := net.SplitHostPort(r.Host)
	n.mu.Lock()
	server := n.servers[ip]
	n.mu.Unlock()
	if server == nil || r.URL.Path != tenantconfig.StatusPath {
		http.NotFound(w, r)
		return
	}
	status, allowed := server.answer(r)
	if !allowed {
		http.Error(w, "wrong token", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(status)
}

// transport dials the network whatever address is asked for.
func (n *network) transport() *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, n.http.Listener.Addr().String())
		},
	}
}
