package server

import (
	"net/http"
	"net/http/pprof"
)

// profiles serves Go's profiles of the running server to those who hold the status token: what it spends time and
// memory on can then be seen where it happens. Nothing is recorded unless somebody asks.
func (s *Server) profiles() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.authorized(r) {
			refuseStatus(w)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
