package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

// internalHandler serves those who run the server: kubelet, Prometheus and the operator.
func (s *Server) internalHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, health{OK: true}) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /startupz", s.startedUp)
	mux.Handle("GET /metrics", s.metrics.Handler())
	mux.HandleFunc("GET "+tenantconfig.StatusPath, s.status)
	mux.Handle("GET /debug/pprof/", s.profiles())
	return mux
}

// health is the body of a health check.
type health struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a failure means that the client is gone
}

// ready says whether the server should get traffic: it is not draining, it has a configuration, and its
// database answers.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if reason := s.unready(r); reason != "" {
		answer(w, http.StatusServiceUnavailable, health{Reason: reason})
		return
	}
	answer(w, http.StatusOK, health{OK: true})
}

func (s *Server) unready(r *http.Request) string {
	if s.draining.Load() {
		return "draining"
	}
	current, release := s.holder.Acquire()
	defer release()
	if current == nil {
		return s.unconfigured()
	}
	if err := current.Store.Check(r.Context()); err != nil {
		return "the database does not answer: " + store.Reason(err)
	}
	return ""
}

func (s *Server) unconfigured() string {
	if now, _ := s.progress.get(); now.refused != nil {
		return "no valid configuration: " + now.refused.Message
	}
	return "the first configuration is being put into effect"
}

func (s *Server) startedUp(w http.ResponseWriter, _ *http.Request) {
	if s.holder.Current() == nil {
		answer(w, http.StatusServiceUnavailable, health{Reason: s.unconfigured()})
		return
	}
	answer(w, http.StatusOK, health{OK: true})
}

// status answers what the server runs, at once or, with until, when that revision is served or refused.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(r) {
		refuseStatus(w)
		return
	}
	if until := r.URL.Query().Get("until"); until != "" {
		s.await(r, until)
	}
	answer(w, http.StatusOK, s.report(r))
}

func refuseStatus(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	answer(w, http.StatusUnauthorized, health{Reason: "a bearer token of this tenant is needed"})
}

// authorized accepts the token of the revision being served and that of the newest refused one: a token may
// be rotated in a revision that is refused.
func (s *Server) authorized(r *http.Request) bool {
	presented, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return false
	}
	now, _ := s.progress.get()
	accepted := []string{now.refusedToken}
	if current := s.holder.Current(); current != nil {
		accepted = append(accepted, current.StatusToken)
	}
	granted := false
	for _, token := range accepted {
		granted = token != "" && sameSecret(presented, token) || granted
	}
	return granted
}

// sameSecret compares in constant time, without telling the length either.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// await returns when the revision is served or refused, the longest wait is over, the caller has left, or the
// server stops.
func (s *Server) await(r *http.Request, revision string) {
	limit := time.NewTimer(tenantconfig.StatusWait)
	defer limit.Stop()
	for {
		now, changed := s.progress.get()
		if now.settled(revision) {
			return
		}
		select {
		case <-changed:
		case <-limit.C:
			return
		case <-s.stopping:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func (s *Server) report(r *http.Request) tenantconfig.Status {
	// The tenant before the progress, which is written after it: so a revision is never told as served and refused.
	current, release := s.holder.Acquire()
	defer release()
	now, _ := s.progress.get()
	report := tenantconfig.Status{
		Refused: now.refused, Version: version.Version, DocumentVersions: tenantconfig.Versions, StartTime: s.started.UTC(),
	}
	if current == nil {
		return report
	}
	report.Revision = current.Revision
	report.Database = tenantconfig.DatabaseStatus{
		Engine: current.Document.Database.Engine, SchemaVersion: now.schemaVersion, Reachable: true,
	}
	if err := current.Store.Check(r.Context()); err != nil {
		report.Database.Reachable, report.Database.Message = false, store.Reason(err)
	}
	return report
}
